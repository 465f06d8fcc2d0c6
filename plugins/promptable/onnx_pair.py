"""Encoder and decoder pairs in ONNX files, described by a manifest with the hash of each (`onnx_manifest.py`).

What the encoder gives is handed to those inputs of the decoder that have the same names; an encoder with one output
serves `image_embeddings` or `image_embed`, whatever the name of its own.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from segstudio.plugins.api import (
    CancelToken,
    Candidate,
    Capabilities,
    Embedding,
    Frame,
    Prompt,
    Tracker,
    UserError,
    no_tracker,
)

from .onnx_manifest import MANIFEST, PairManifest, check_shapes, read_pair

_TRANSFORM = 2
"""Counts up when an embedding of the same files would come out differently."""
_SURE = 8.0
_MOST_POINTS = 6
"""As many points as EfficientSAM looks at."""
_MOST_SIDE = 4096
"""The longer side of what an encoder is given that takes any size: more is a gigabyte and changes nothing."""
_TYPES = {"tensor(float)": "f4", "tensor(float16)": "f2", "tensor(int64)": "i8", "tensor(int32)": "i4"}

Floats = NDArray[np.float32]


class OnnxSegmenter:
    """A pair behind the face of a segmenter."""

    capabilities = Capabilities()

    def __init__(self, manifest: PairManifest) -> None:
        self.manifest = manifest
        if manifest.kind == "efficient-sam":
            self.capabilities = Capabilities(prior=False)
        said = (manifest.kind, manifest.side, manifest.transform, manifest.hashes)
        self.model_hash = hashlib.sha256(repr((_TRANSFORM, said)).encode()).hexdigest()
        self._encoder, self._decoder = (_session(path) for path in (manifest.encoder, manifest.decoder))
        self._wanted = {node.name: node for node in self._decoder.get_inputs()}
        check_shapes(manifest, self._encoder.get_inputs()[0].shape, set(self._wanted))

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        cancel.raise_if_cancelled()
        used, pixels = self._pixels(frame)
        names = [node.name for node in self._encoder.get_outputs()]
        outputs = _run(self._encoder, {self._encoder.get_inputs()[0].name: pixels}, cancel, self.manifest.encoder)
        if len(names) == 1:
            names = [next((name for name in ("image_embeddings", "image_embed") if name in self._wanted), names[0])]
        arrays = {name: _half(array) for name, array in zip(names, outputs, strict=True)}
        return Embedding(arrays, frame.size_hw, used)

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        cancel.raise_if_cancelled()
        points_xy, labels = self._points(embedding, prompt)
        if len(labels) == 0:
            return []
        logits, scores = self._decode(embedding, points_xy, labels, prompt, cancel)
        padded = self.manifest.transform.resize in ("pad", "long")
        place = ((self.manifest.side, self.manifest.side), embedding.used_hw) if padded else (None, None)
        found = [Candidate(_half(mask), float(score), *place) for mask, score in zip(logits, scores, strict=True)]
        if len(found) < 4:
            return found
        # The first of four is the one for prompts that leave no doubt.
        several = len(prompt.positive) == 1 and prompt.box_xyxy is None and prompt.previous_hw is None
        return found[1:] if several else found[:1]

    def tracker(self) -> Tracker:
        return no_tracker(self.manifest.name)

    def device_line(self) -> str:
        """What ONNX Runtime computes on."""
        return f"ONNX Runtime, {self._encoder.get_providers()[0].removesuffix('ExecutionProvider')}"

    def close(self) -> None:
        """The sessions are freed with this object."""

    def _pixels(self, frame: Frame) -> tuple[tuple[int, int], Floats]:
        """The picture as the encoder takes it, and the size of the picture in it."""
        side, transform = self.manifest.side, self.manifest.transform
        used = _size_for(frame.size_hw, side, transform.resize)
        image_hwc = np.ascontiguousarray(frame.image_hwc)
        if used != frame.size_hw:
            # As the references resize: bilinear, with what lies between averaged where it shrinks.
            image_hwc = np.asarray(Image.fromarray(image_hwc).resize(used[::-1], Image.Resampling.BILINEAR))
        pixels = (image_hwc.astype(np.float32) - np.float32(transform.mean)) / np.float32(transform.std)
        if transform.resize == "pad":
            pixels = np.pad(pixels, ((0, side - used[0]), (0, side - used[1]), (0, 0)))
        if transform.layout == "nchw":
            pixels = pixels.transpose(2, 0, 1)[None]
        return used, np.ascontiguousarray(pixels, np.float32)

    def _points(self, embedding: Embedding, prompt: Prompt) -> tuple[Floats, Floats]:
        """Corners of the box as points of the kinds 2 and 3, then points; in pixels of what the encoder saw, for
        EfficientSAM in those of the logits.
        """
        kind, rows = self.manifest.kind, []
        if prompt.box_xyxy is not None:
            x0, y0, x1, y1 = prompt.box_xyxy
            rows += [(x0, y0, 2.0), (x1, y1, 3.0)]
        rows += [(x, y, 1.0 if sign else 0.0) for (x, y), sign in zip(prompt.points_xy, prompt.positive, strict=True)]
        if kind == "efficient-sam" and len(rows) > _MOST_POINTS:
            first = 1 if prompt.box_xyxy is None else 2
            rows = rows[:first] + rows[first - _MOST_POINTS :]
        if kind == "sam" and rows and prompt.box_xyxy is None:
            rows.append((0.5, 0.5, -1.0))  # where there is no box, the exported decoders want one empty point
        given = np.array(rows, np.float32).reshape(-1, 3)
        (height, width), (used_height, used_width) = embedding.size_hw, self._seen(embedding)
        points_xy = (given[:, :2] - np.float32(0.5)) * np.float32([used_width / width, used_height / height])
        points_xy[given[:, 2] < 0] = 0
        return points_xy.astype(np.float32), given[:, 2].copy()

    def _seen(self, embedding: Embedding) -> tuple[int, int]:
        """The size in whose pixels points are told, and of which the decoder thinks that it is the image's."""
        low = self._low(embedding)
        return (low, low) if self.manifest.kind == "efficient-sam" else embedding.used_hw

    def _low(self, embedding: Embedding) -> int:
        """Side of the logits that the decoder takes and gives: as it says, or four times that of the features."""
        node = self._wanted.get("mask_input")
        if node is not None and isinstance(node.shape[-1], int):
            return int(node.shape[-1])
        return 4 * min(array.shape[-1] for array in embedding.arrays.values())

    def _decode(
        self, embedding: Embedding, points_xy: Floats, labels: Floats, prompt: Prompt, cancel: CancelToken
    ) -> tuple[Floats, Floats]:
        """Logits `[K, h, w]` at low resolution and scores `[K]`."""
        low, prior = self._low(embedding), self._prior(embedding, prompt)
        known: dict[str, NDArray[Any]] = {
            **embedding.arrays,
            "point_coords": points_xy[None],
            "point_labels": labels[None],
            "batched_point_coords": points_xy[None, None],
            "batched_point_labels": labels[None, None],
            "mask_input": np.zeros((1, 1, low, low), np.float32) if prior is None else prior,
            "has_mask_input": np.array([0.0 if prior is None else 1.0], np.float32),
            "orig_im_size": np.array(self._seen(embedding), np.float32),
        }
        missing = [name for name in self._wanted if name not in known]
        if missing:
            raise UserError(
                f"{self.manifest.decoder}: wants {missing[0]!r}, which {self.manifest.kind} decoders do not"
            )
        given = {name: known[name].astype(_TYPES.get(node.type, "f4")) for name, node in self._wanted.items()}
        names = [node.name for node in self._decoder.get_outputs()]
        values = _run(self._decoder, given, cancel, self.manifest.decoder)
        outputs = dict(zip(names, values, strict=True))
        scores = next((outputs[name] for name in ("iou_predictions", "iou_pred", "scores") if name in outputs), None)
        logits = next((outputs[name] for name in ("low_res_masks", "low_res_logits") if name in outputs), None)
        if logits is None:
            logits = next((v for v in values if v.ndim >= 4 and v.shape[-2:] == (low, low)), None)
        if scores is None or logits is None:
            raise UserError(f"{self.manifest.decoder}: gives {', '.join(names)}, not low_res_masks and iou_predictions")
        return logits.reshape(-1, *logits.shape[-2:]).astype(np.float32), scores.reshape(-1).astype(np.float32)

    def _prior(self, embedding: Embedding, prompt: Prompt) -> Floats | None:
        """Logits to start from: the last answer's, or made of a mask."""
        low = self._low(embedding)
        if prompt.previous_hw is not None and prompt.previous_hw.shape == (low, low):
            return prompt.previous_hw.astype(np.float32)[None, None]
        if prompt.prior_hw is None or not prompt.prior_hw.any():
            return None
        height, width = low, low
        if self.manifest.transform.resize in ("pad", "long"):
            height, width = (max(1, round(used * low / self.manifest.side)) for used in embedding.used_hw)
        share = cv2.resize(prompt.prior_hw.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        logits = np.full((low, low), -_SURE, np.float32)
        logits[:height, :width] = (share * 2 - 1) * _SURE
        return logits[None, None]


def _size_for(size_hw: tuple[int, int], side: int, resize: str) -> tuple[int, int]:
    """The size that a picture gets before it is padded."""
    if resize == "stretch":
        return side, side
    longer = max(size_hw)
    if resize == "none":
        side = min(longer, max(side, _MOST_SIDE))
    height, width = (max(1, int(length * (side / longer) + 0.5)) for length in size_hw)
    return height, width


def _half(array: NDArray[Any]) -> NDArray[np.float16]:
    return np.clip(array, -65000, 65000).astype(np.float16)


def open_pair(weights: Path | None, *, device: str = "auto") -> OnnxSegmenter:
    """Raises `UserError` where the manifest or its files are not what they should be."""
    if weights is None:
        raise UserError("a pair of ONNX files needs its manifest", hint=f"choose a {MANIFEST}")
    return OnnxSegmenter(read_pair(weights))


def _session(path: Path) -> onnxruntime.InferenceSession:
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    providers = [name for name in wanted if name in onnxruntime.get_available_providers()]
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = max(1, (os.cpu_count() or 2) - 1)
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each of its many errors
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path}: not an ONNX model, or damaged: {first[:160]}") from None


def _run(
    session: onnxruntime.InferenceSession, given: dict[str, Any], cancel: CancelToken, path: Path
) -> list[NDArray[Any]]:
    """Run a network; a second thread ends it between two of its nodes once `cancel` is."""
    import threading

    options, done = onnxruntime.RunOptions(), threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            if cancel.cancelled:
                options.terminate = True
                return

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        outputs: list[NDArray[Any]] = session.run(None, given, options)
        return outputs
    except Exception as error:  # noqa: BLE001 - the runtime has a class of its own for each of its many errors
        cancel.raise_if_cancelled()
        first = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path}: ONNX Runtime failed: {first[:200]}") from None
    finally:
        done.set()
        watcher.join()
