"""Programs of torch.export, opened without letting anything in them run but the graph."""

from __future__ import annotations

import os
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from segstudio.plugins.api import UserError

_REFUSED = ("custom_obj", "opaque_obj", "aotinductor", ".so", ".dll", ".dylib")
"""Parts of names inside the archive that mean pickled objects or machine code."""


class ExportedProgram(torch.nn.Module):
    """The program as a module. It is moved to the device of what it is given, for it names its device itself."""

    def __init__(self, program: torch.export.ExportedProgram) -> None:
        super().__init__()
        self._program = program
        self._device = torch.device("cpu")
        self._callable = [program.module()]  # in a list: a module of a program cannot be told to be in eval mode

    def forward(self, pixels: torch.Tensor) -> Any:
        """What the program returns."""
        if pixels.device != self._device:
            from torch.export.passes import move_to_device_pass

            self._callable = [move_to_device_pass(self._program, pixels.device).module()]
            self._device = pixels.device
        try:
            return self._callable[0](pixels)
        except (AssertionError, RuntimeError) as error:
            first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            if "Guard failed" in first or "Expected input" in first:
                size = f"{pixels.shape[3]}×{pixels.shape[2]}"
                raise UserError(
                    f"the program was exported for another size than {size}: {first[:160]}",
                    hint="give its size with --size",
                ) from None
            raise


def open_program(path: Path) -> torch.nn.Module:
    """The network in a .pt2 file, on the CPU. Raises `UserError` where the file is none, or holds what may run."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: not a torch.export program, or damaged")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError) as error:
        raise UserError(f"{path}: not a torch.export program, or damaged: {error}") from None
    bad = next((name for name in names if any(part in name for part in _REFUSED)), None)
    if bad is not None:
        raise UserError(f"{path}: refused: it holds code or objects ({bad}), not only a graph and tensors")
    try:
        with _tensors_only(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ExportedProgram(torch.export.load(str(path)))
    except Exception as error:  # noqa: BLE001 - whatever a foreign archive makes the loader stumble over
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path}: not a torch.export program, or damaged: {first[:160]}") from None


@contextmanager
def _tensors_only() -> Iterator[None]:
    """Let torch unpickle tensors and nothing else, also where it would fall back to more."""
    before = os.environ.get("TORCH_FORCE_WEIGHTS_ONLY_LOAD")
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"]
        else:
            os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = before


def build(num_classes: int | None = None, **options: Any) -> torch.nn.Module:
    """There is no network before there is a file."""
    raise UserError("exported has no network of its own", hint="give a file with --weights")
