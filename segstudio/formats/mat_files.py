"""MATLAB files of labels, through SciPy where it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from segstudio.core.errors import UserError
from segstudio.formats.files import read_bytes

MAX_BYTES = 64 << 20


def read_mat(path: Path) -> dict[str, Any]:
    """The variables of a .mat file (version 4 … 7.2); raises `UserError` naming the file, or what to install."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise UserError(f"{path}: MATLAB files need SciPy", hint="pip install segstudio[mat]") from None
    if len(read_bytes(path)) > MAX_BYTES:
        raise UserError(f"{path}: is larger than labels of one picture can be")
    try:
        return dict(loadmat(path, struct_as_record=False, squeeze_me=True))
    except Exception as error:  # noqa: BLE001 -- SciPy raises whatever its parser meets in a damaged file
        raise UserError(f"{path}: not a MATLAB file that can be read: {str(error)[:80]}") from None
