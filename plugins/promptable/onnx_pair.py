"""Encoder and decoder pairs in ONNX files, described by a manifest with the hash of each.

`segmenter.toml`, beside the files:

    name = "MobileSAM"
    decoder_kind = "sam"          # "sam" (also MobileSAM), "sam2", "efficient-sam"
    side = 1024                   # the longer side of what the encoder sees
    resize = "pad"                # "pad": lower right of a square is empty; "stretch"; "long": no padding
    layout = "nchw"               # or "hwc": [H, W, 3], as some exporters build the rest of the transform in
    mean = [123.675, 116.28, 103.53]    # in units of 0…255
    std = [58.395, 57.12, 57.375]

    [encoder]
    file = "encoder.onnx"
    sha256 = "…"

    [decoder]
    file = "decoder.onnx"
    sha256 = "…"

What the encoder gives is handed to those inputs of the decoder that have the same names; an encoder with one output
serves `image_embeddings` or `image_embed`, whatever the name of its own.
"""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

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

MANIFEST = "segmenter.toml"
_KINDS = ("sam", "sam2", "efficient-sam")
_SURE = 8.0
_LOW = 256
"""Side of the logits that decoders take and give."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PairManifest:
    """What `segmenter.toml` says."""

    name: str
    encoder: Path
    decoder: Path
    hashes: tuple[str, str]
    kind: str = "sam"
    side: int = 1024
    resize: str = "pad"
    layout: str = "nchw"
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)


def read_pair(path: Path) -> PairManifest:
    """Read a manifest, given by its folder or its own path, and check the hash of both files.

    Raises `UserError` naming what is wrong; a file that is not what the manifest says is never run.
    """
    path = path / MANIFEST if path.is_dir() else path
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        encoder, decoder = (path.parent / str(found[part]["file"]) for part in ("encoder", "decoder"))
        given = tuple(str(found[part]["sha256"]).lower() for part in ("encoder", "decoder"))
        manifest = PairManifest(
            str(found.get("name", path.parent.name)),
            encoder,
            decoder,
            (given[0], given[1]),
            str(found.get("decoder_kind", "sam")),
            int(found.get("side", 1024)),
            str(found.get("resize", "pad")),
            str(found.get("layout", "nchw")),
            _triple(found.get("mean", (123.675, 116.28, 103.53))),
            _triple(found.get("std", (58.395, 57.12, 57.375))),
        )
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a manifest: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: {error} is missing or wrong", hint="encoder and decoder need a file and a sha256"
        ) from None
    choices = (
        (manifest.kind, _KINDS),
        (manifest.resize, ("pad", "stretch", "long")),
        (manifest.layout, ("nchw", "hwc")),
    )
    for value, known in choices:
        if value not in known:
            raise UserError(f"{path}: {value!r} is not known", hint=f"known: {', '.join(known)}")
    for file, expected in zip((encoder, decoder), manifest.hashes, strict=True):
        if not file.is_file():
            raise UserError(f"{file}: there is no such file", hint=f"it is named in {path}")
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != expected:
                raise UserError(f"{file}: not the file that {path.name} describes: its SHA-256 is another one")
    return manifest


class OnnxSegmenter:
    """A pair behind the face of a segmenter."""

    capabilities = Capabilities()

    def __init__(self, manifest: PairManifest) -> None:
        self.manifest = manifest
        if manifest.kind == "efficient-sam":
            self.capabilities = Capabilities(prior=False)
        self.model_hash = hashlib.sha256(repr((1, manifest)).encode()).hexdigest()
        self._encoder, self._decoder = (_session(path) for path in (manifest.encoder, manifest.decoder))
        self._wanted = {node.name: node for node in self._decoder.get_inputs()}

    def encode(self, frame: Frame, *, cancel: CancelToken) -> Embedding:
        cancel.raise_if_cancelled()
        used, pixels = self._pixels(frame)
        names = [node.name for node in self._encoder.get_outputs()]
        outputs = _run(self._encoder, {self._encoder.get_inputs()[0].name: pixels}, cancel, self.manifest.encoder)
        if len(names) == 1:
            names = [next((name for name in ("image_embeddings", "image_embed") if name in self._wanted), names[0])]
        arrays = {name: array.astype(np.float16) for name, array in zip(names, outputs, strict=True)}
        return Embedding(arrays, frame.size_hw, used)

    def predict(self, embedding: Embedding, prompt: Prompt, *, cancel: CancelToken) -> list[Candidate]:
        cancel.raise_if_cancelled()
        points_xy, labels = self._points(embedding, prompt)
        if len(labels) == 0:
            return []
        logits, scores = self._decode(embedding, points_xy, labels, prompt, cancel)
        square = (self.manifest.side, self.manifest.side)
        place = (None, None) if self.manifest.resize == "stretch" else (square, embedding.used_hw)
        found = [
            Candidate(np.clip(mask, -65000, 65000).astype(np.float16), float(score), *place)
            for mask, score in zip(logits, scores, strict=True)
        ]
        several = len(prompt.positive) == 1 and prompt.box_xyxy is None and prompt.previous_hw is None
        if several or len(found) < 4:
            return found[1:] if several and len(found) == 4 else found
        return found[:1]  # the first of four is the one for prompts that leave no doubt

    def tracker(self) -> Tracker:
        return no_tracker(self.manifest.name)

    def device_line(self) -> str:
        """What ONNX Runtime computes on."""
        return f"ONNX Runtime, {self._encoder.get_providers()[0].removesuffix('ExecutionProvider')}"

    def close(self) -> None:
        """The sessions are freed with this object."""

    def _pixels(self, frame: Frame) -> tuple[tuple[int, int], Floats]:
        manifest, (height, width) = self.manifest, frame.size_hw
        if manifest.resize == "stretch":
            used = manifest.side, manifest.side
        else:
            scale = manifest.side / max(height, width)
            used = max(1, int(height * scale + 0.5)), max(1, int(width * scale + 0.5))
        shrinks = used[0] * used[1] < height * width
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        small = cv2.resize(np.ascontiguousarray(frame.image_hwc), used[::-1], interpolation=how)
        pixels = (small.astype(np.float32) - np.float32(manifest.mean)) / np.float32(manifest.std)
        if manifest.resize == "pad":
            pixels = np.pad(pixels, ((0, manifest.side - used[0]), (0, manifest.side - used[1]), (0, 0)))
        if manifest.layout == "nchw":
            pixels = pixels.transpose(2, 0, 1)[None]
        return used, np.ascontiguousarray(pixels, np.float32)

    def _points(self, embedding: Embedding, prompt: Prompt) -> tuple[Floats, Floats]:
        """Points in pixels of what the encoder saw, the corners of a box as points of the kinds 2 and 3."""
        (height, width), used = embedding.size_hw, embedding.used_hw
        rows = [(x, y, 1.0 if sign else 0.0) for (x, y), sign in zip(prompt.points_xy, prompt.positive, strict=True)]
        if prompt.box_xyxy is not None:
            x0, y0, x1, y1 = prompt.box_xyxy
            rows += [(x0, y0, 2.0), (x1, y1, 3.0)]
        elif rows and self.manifest.kind != "efficient-sam":
            rows.append((0.5, 0.5, -1.0))  # the exported decoders want one empty point where there is no box
        given = np.array(rows, np.float32).reshape(-1, 3)
        scale = np.float32([used[1] / width, used[0] / height])
        points_xy = (given[:, :2] - np.float32(0.5)) * scale
        points_xy[given[:, 2] < 0] = 0
        return points_xy.astype(np.float32), given[:, 2].copy()

    def _decode(
        self, embedding: Embedding, points_xy: Floats, labels: Floats, prompt: Prompt, cancel: CancelToken
    ) -> tuple[Floats, Floats]:
        """Logits `[K, h, w]` at low resolution and scores `[K]`."""
        efficient = self.manifest.kind == "efficient-sam"
        prior = self._prior(embedding, prompt)
        known: dict[str, NDArray[Any]] = {name: array.astype(np.float32) for name, array in embedding.arrays.items()}
        known |= {
            "point_coords": points_xy[None],
            "point_labels": labels[None],
            "batched_point_coords": points_xy[None, None],
            "batched_point_labels": labels[None, None],
            "mask_input": np.zeros((1, 1, _LOW, _LOW), np.float32) if prior is None else prior,
            "has_mask_input": np.array([0.0 if prior is None else 1.0], np.float32),
            "orig_im_size": np.array(embedding.used_hw, np.int64 if efficient else np.float32),
        }
        missing = [name for name in self._wanted if name not in known]
        if missing:
            raise UserError(
                f"{self.manifest.decoder}: wants {missing[0]!r}, which {self.manifest.kind} decoders do not"
            )
        names = [node.name for node in self._decoder.get_outputs()]
        values = _run(self._decoder, {name: known[name] for name in self._wanted}, cancel, self.manifest.decoder)
        outputs = dict(zip(names, values, strict=True))
        scores = next((outputs[name] for name in ("iou_predictions", "iou_pred", "scores") if name in outputs), None)
        low = next((outputs[name] for name in ("low_res_masks", "low_res_logits") if name in outputs), None)
        low = next((v for v in values if v.ndim >= 4 and v.shape[-1] == _LOW), None) if low is None else low
        if scores is None or low is None:
            raise UserError(f"{self.manifest.decoder}: gives {', '.join(names)}, not low_res_masks and iou_predictions")
        return low.reshape(-1, *low.shape[-2:]).astype(np.float32), scores.reshape(-1).astype(np.float32)

    def _prior(self, embedding: Embedding, prompt: Prompt) -> Floats | None:
        if prompt.previous_hw is not None and prompt.previous_hw.shape == (_LOW, _LOW):
            return prompt.previous_hw.astype(np.float32)[None, None]
        if prompt.prior_hw is None or not prompt.prior_hw.any():
            return None
        padded = self.manifest.resize != "stretch"
        side = self.manifest.side
        height, width = (max(1, round(v * _LOW / side)) for v in embedding.used_hw) if padded else (_LOW, _LOW)
        share = cv2.resize(prompt.prior_hw.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
        logits = np.full((_LOW, _LOW), -_SURE, np.float32)
        logits[:height, :width] = (share * 2 - 1) * _SURE
        return logits[None, None]


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


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
