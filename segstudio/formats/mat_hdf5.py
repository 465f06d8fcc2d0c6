"""MATLAB 7.3 files of labels, which are HDF5: read with h5py, an optional extra, into what `read_mat` gives.

Format: MathWorks, "MAT-File Versions"; the attributes MATLAB_class and MATLAB_empty say what a data set stands for.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from segstudio.core.errors import UserError
from segstudio.formats.drawn import reading

MAX_BYTES = 256 << 20
MAX_DEPTH = 20
MAX_ITEMS = 100_000


def read_hdf5(path: Path, content: bytes) -> dict[str, Any]:
    """The variables of a .mat file of version 7.3, as `read_mat` gives them.

    Raises `UserError` naming the file where h5py is missing or the file is damaged.
    """
    try:
        import h5py
    except ImportError:
        raise UserError(
            f"{path}: is a MATLAB 7.3 file, which needs h5py", hint="pip install segstudio[mat], or save it with -v7"
        ) from None
    with reading(path, "a MATLAB 7.3 file"):
        try:
            # From memory: links to other files, which HDF5 knows, lead nowhere.
            with h5py.File(BytesIO(content), "r") as file:
                return _Reader(file).members(file, 0)
        except (OSError, RuntimeError, AttributeError, MemoryError, RecursionError) as error:
            raise ValueError(str(error)) from None


class _Reader:
    """Follows the references of one file; counts what it reads, so that a small file cannot stand for a huge one."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._items = 0
        self._bytes = 0

    def members(self, group: Any, depth: int) -> dict[str, Any]:
        """The variables of a file, or the fields of a struct."""
        import h5py

        found: dict[str, Any] = {}
        for name in group:
            # "#refs#" and the like hold what cells and structs refer to; links to other files are left alone.
            if not name.startswith("#") and isinstance(group.get(name, getlink=True), h5py.HardLink):
                found[name] = self._value(group[name], depth + 1)
        return found

    def _value(self, item: Any, depth: int) -> Any:
        import h5py

        self._items += 1
        if depth > MAX_DEPTH or self._items > MAX_ITEMS:
            raise ValueError("nested too deeply, or too many variables")
        if isinstance(item, h5py.Group):
            return self._struct(self.members(item, depth))
        if item.attrs.get("MATLAB_empty"):
            return np.zeros((0, 0))
        self._bytes += item.size * item.dtype.itemsize
        if self._bytes > MAX_BYTES or item.external or item.is_virtual:
            raise ValueError("the variables are larger than labels of one picture can be, or lie in other files")
        values = item[()]
        if values.dtype == h5py.ref_dtype:
            # MATLAB stores columns first, HDF5 rows first.
            return _Listed([self._value(self._file[ref], depth + 1) for ref in values.T.reshape(-1, order="F")])
        if item.attrs.get("MATLAB_class") == b"char":
            return "".join(map(chr, values.T.reshape(-1, order="F").tolist()))
        return np.ascontiguousarray(values.T)

    def _struct(self, fields: dict[str, Any]) -> Any:
        """One struct as a dict; many, whose fields are references of one number, as a list of dicts."""
        counts = {len(value) if isinstance(value, _Listed) else -1 for value in fields.values()}
        if len(counts) != 1 or -1 in counts:
            return fields
        return [{name: value[row] for name, value in fields.items()} for row in range(counts.pop())]


class _Listed(list[Any]):
    """What a data set of references refers to: a cell, or one field of several structs."""
