"""TorchScript archives, opened as they are."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from segstudio.plugins.api import UserError


def open_program(path: Path) -> torch.nn.Module:
    """The network in a TorchScript archive, on the CPU. Raises `UserError` where the file is none."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    if not zipfile.is_zipfile(path):
        raise UserError(f"{path}: not a TorchScript archive, or damaged")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # torch advises its successor to those who write such files
            program: torch.nn.Module = torch.jit.load(str(path), map_location="cpu")
    except (RuntimeError, ValueError) as error:
        first = next(iter(str(error).strip().splitlines()), "unreadable")
        raise UserError(f"{path}: not a TorchScript archive, or damaged: {first[:120]}") from None
    return program


def build(num_classes: int | None = None, **options: Any) -> torch.nn.Module:
    """There is no network before there is a file."""
    raise UserError("torchscript has no network of its own", hint="give a file with --weights")
