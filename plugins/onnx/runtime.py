"""ONNX files, computed by ONNX Runtime behind the face of a torch module."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch

from segstudio.plugins.api import UserError

_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16, "tensor(double)": np.float64}


class OnnxProgram(torch.nn.Module):
    """Maps float32 `[N, 3, H, W]` to logits; pixels and logits pass through ordinary memory."""

    def __init__(self, session: onnxruntime.InferenceSession, where: str) -> None:
        super().__init__()
        self._session = session
        self._where = where
        self._input = session.get_inputs()[0]
        self._type = _TYPES.get(self._input.type)
        if self._type is None or len(self._input.shape) != 4 or self._input.shape[1] not in (3, "3", None):
            shape = ", ".join(str(side) for side in self._input.shape)
            raise UserError(f"{where}: its input is {self._input.type} [{shape}], not an image [N, 3, H, W]")

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Raises `UserError` where the file wants another size or gives no logits."""
        batch, height, width = (side if isinstance(side, int) else None for side in self._sides())
        if (height or pixels.shape[2], width or pixels.shape[3]) != tuple(pixels.shape[2:]):
            raise UserError(
                f"{self._where}: takes images of {width}×{height} pixels only", hint="give this size with --size"
            )
        given = pixels.detach().float().cpu().numpy().astype(self._type, copy=False)
        parts = [given] if batch in (None, len(given)) else [given[i : i + 1] for i in range(len(given))]
        return torch.from_numpy(np.concatenate([self._run(part) for part in parts])).to(pixels.device)

    def _sides(self) -> tuple[Any, Any, Any]:
        batch, _, height, width = self._input.shape
        return batch, height, width

    def _run(self, given: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        try:
            outputs = self._session.run(None, {self._input.name: given})
        except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each of its many errors
            first = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise UserError(f"{self._where}: ONNX Runtime failed: {first[:200]}") from None
        for output in outputs:
            if isinstance(output, np.ndarray) and output.ndim == 4 and output.dtype.kind == "f":
                return output.astype(np.float32, copy=False)
        shapes = ", ".join(f"{output.dtype} {list(output.shape)}" for output in outputs)
        raise UserError(f"{self._where}: gives {shapes}, not logits [N, C, H, W]", hint="export it without the argmax")


def open_program(path: Path) -> torch.nn.Module:
    """The network in an ONNX file. Raises `UserError` where the file is none."""
    if not path.is_file():
        raise UserError(f"{path}: there is no such file")
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = torch.get_num_threads()
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each of its many errors
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path}: not an ONNX model, or damaged: {first[:160]}") from None
    return OnnxProgram(session, str(path))


def build(num_classes: int | None = None, **options: Any) -> torch.nn.Module:
    """There is no network before there is a file."""
    raise UserError("onnx has no network of its own", hint="give a file with --weights")
