"""A network of the library transformers as a promptable segmenter: device, weights, and how it is interrupted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torchvision.transforms.v2 import functional as pixels_of

from segstudio.plugins.api import CancelToken, Embedding, Prompt, UserError

_TRANSFORM = 1
"""Counts up when an embedding of the same weights would come out differently."""


class Frozen:
    """A network in eval mode on one device; its forward passes look at a token between two layers."""

    def __init__(self, network: Any, *, device: str, content: str) -> None:
        self.device = torch.device(_device(device))
        self.network = network.eval().requires_grad_(False).to(self.device)
        kind = f"{type(self).__name__}|{_TRANSFORM}|{network.config.to_json_string(use_diff=False)}|{content}"
        self.model_hash = hashlib.sha256(kind.encode()).hexdigest()
        self._token: CancelToken | None = None
        for module in network.modules():
            module.register_forward_pre_hook(self._look)

    def device_line(self) -> str:
        """Name of the device."""
        if self.device.type == "cuda":
            return torch.cuda.get_device_name(self.device)
        return f"{self.device.type}, {torch.get_num_threads()} threads" if self.device.type == "cpu" else "Apple GPU"

    def close(self) -> None:
        """Free the device's memory."""
        self.network = None
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def pixels(self, image_hwc: NDArray[np.uint8], size_hw: tuple[int, int], mean: Any, std: Any) -> torch.Tensor:
        """The image as float32 `[1, 3, h, w]`, resized as the library's own processors do it."""
        raw = torch.from_numpy(np.ascontiguousarray(image_hwc)).permute(2, 0, 1)[None]
        resized = pixels_of.resize(
            raw, list(size_hw), interpolation=pixels_of.InterpolationMode.BILINEAR, antialias=True
        )
        # Mean and deviation in units of 0…255, as the library folds them.
        low, span = (torch.tensor(values)[:, None, None] * 255 for values in (mean, std))
        return ((resized.float() - low) / span).to(self.device)

    def tensors(self, embedding: Embedding) -> dict[str, torch.Tensor]:
        """The arrays of an embedding on the device, in the network's own type."""
        return {
            name: torch.from_numpy(np.array(array)).float().to(self.device) for name, array in embedding.arrays.items()
        }

    @contextmanager
    def listening(self, cancel: CancelToken) -> Iterator[None]:
        """Within it, forward passes end by `Cancelled` between two layers once `cancel` is."""
        cancel.raise_if_cancelled()
        self._token = cancel
        try:
            with torch.inference_mode():
                yield
        finally:
            self._token = None

    def _look(self, module: torch.nn.Module, _: Any) -> None:
        if self._token is not None:
            self._token.raise_if_cancelled()


def half(tensor: torch.Tensor) -> NDArray[np.float16]:
    """A tensor as it is kept: float16 in the machine's memory."""
    return tensor.detach().clamp(-65000, 65000).to(torch.float16).cpu().numpy()


def points_of(prompt: Prompt, scale_xy: tuple[float, float], device: torch.device) -> dict[str, torch.Tensor]:
    """Points and box as the networks take them.

    The references count from the centre of the first pixel, we from its corner, and the networks add half a pixel after
    the scaling: half of one is taken off before.
    """
    given: dict[str, torch.Tensor] = {}
    scale = np.array(scale_xy)
    if len(prompt.positive):
        points_xy = (prompt.points_xy - 0.5) * scale
        given["input_points"] = torch.tensor(points_xy, dtype=torch.float32, device=device)[None, None]
        given["input_labels"] = torch.tensor(prompt.positive.astype(np.int64), device=device)[None, None]
    if prompt.box_xyxy is not None:
        corners = (np.array(prompt.box_xyxy).reshape(2, 2) - 0.5) * scale
        given["input_boxes"] = torch.tensor(corners.reshape(1, 1, 4), dtype=torch.float32, device=device)
    return given


def load_network(kind: Any, folder: Path | None) -> tuple[Any, str]:
    """The network that a folder of the library describes, and the hash of its weights. Raises `UserError`."""
    if folder is None or not (folder / "config.json").is_file():
        raise UserError(f"{folder}: no config.json is there", hint="give the folder that the library saves")
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise UserError(f"{folder}: no model.safetensors is there", hint="other formats of weights are not read")
    level = transformers.logging.get_verbosity()
    transformers.logging.set_verbosity_error()
    try:
        network, said = kind.from_pretrained(
            str(folder), local_files_only=True, use_safetensors=True, output_loading_info=True, dtype=torch.float32
        )
    except Exception as error:  # noqa: BLE001 - the library raises what it likes about a folder
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{folder}: not the weights of {kind.__name__}: {first[:160]}") from None
    finally:
        transformers.logging.set_verbosity(level)
    missing = sorted(said["missing_keys"])
    if missing:
        raise UserError(f"{folder}: {len(missing)} tensors of {kind.__name__} are missing, the first is {missing[0]}")
    with weights.open("rb") as file:
        return network, hashlib.file_digest(file, "sha256").hexdigest()


def _device(wanted: str) -> str:
    if wanted != "auto":
        return wanted
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"
