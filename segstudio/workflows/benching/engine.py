"""What is left of a network's speed in a batch run, and how soon after its forward pass the overlay is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.ops.image import write_png
from segstudio.workflows.benching.stopwatch import Timing, timing_of
from segstudio.workflows.benching.subjects import streets
from segstudio.workflows.predict import predict_with

SIZE_HW = (1024, 2048)
IMAGES, QUICK_IMAGES = 200, 30
LONGEST_S = 300.0
"""Of slow networks fewer images are taken, so that a run ends within about this time."""
_SCENES = 6


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """One model in the engine, on pictures of `SIZE_HW`.

    `bare_s` is the bare forward pass, `batch_s` what one picture of a batch run takes, from its PNG file to the PNG of
    its labels, while others are decoded and written; `overlay` is the time from the end of a forward pass to the layer.
    """

    model: str
    device: str
    images: int
    bare_s: float
    batch_s: float
    overlay: Timing

    @property
    def kept(self) -> float:
        """Throughput of the batch run over that of the bare forward pass."""
        return self.bare_s / self.batch_s

    def to_json(self) -> dict[str, Any]:
        """The entry of `bench models --json`."""
        return {
            "model": self.model,
            "device": self.device,
            "images": self.images,
            "bare_images_per_second": 1 / self.bare_s,
            "batch_images_per_second": 1 / self.batch_s,
            "batch_share": self.kept,
            "overlay_ms": self.overlay.median_ms,
            "overlay_p95_ms": self.overlay.p95_ms,
        }

    def lines(self) -> list[str]:
        """The same in two sentences."""
        size, who = f"{SIZE_HW[1]}×{SIZE_HW[0]}", f"{self.model} on {self.device}"
        batch = f"{1 / self.batch_s:.2f} of {1 / self.bare_s:.2f} images a second, {self.images} files of {size}"
        late = f"95 % within {self.overlay.p95_ms:.1f} ms, {size}"
        return [
            f"{who}: a batch run keeps {self.kept:.1%} of the bare forward's throughput ({batch})",
            f"{who}: the overlay is there {self.overlay.median_ms:.1f} ms after the forward ({late})",
        ]


def engine_times(
    registry: ModelRegistry,
    name: str,
    *,
    settings: PredictSettings | None = None,
    quick: bool = False,
    repeat: int = 30,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> EngineTimes:
    """Measure a semantic model. The bare pass is timed before and after the batch run, so that a machine that changes
    its speed meanwhile favours neither. Raises `UserError` where the model cannot be run.
    """
    from segstudio.models.torch_backend.overhead import bare_seconds, overlay_seconds, predictor_to_measure

    predictor = predictor_to_measure(registry, name, settings or PredictSettings())
    scenes = [street.image_hwc for street in streets(_SCENES, size_hw=SIZE_HW)]
    progress(0, 3, f"{name}: bare forward pass")
    once = bare_seconds(predictor, scenes[0], repeat=1)
    passes = max(2, min(repeat, int(LONGEST_S / 10 / once)))
    images = max(_SCENES, min(QUICK_IMAGES if quick else IMAGES, int(LONGEST_S / once)))
    before = bare_seconds(predictor, scenes[0], repeat=passes)
    overlay = timing_of("overlay", [s * 1e3 for s in overlay_seconds(predictor, scenes[0], repeat=passes)])
    progress(1, 3, f"{name}: batch run")
    with tempfile.TemporaryDirectory(prefix="segstudio-bench-") as folder:
        source = Path(folder) / "pictures"
        _write_pictures(source, scenes, images)
        predict_with(predictor, source, Path(folder) / "warm", limit=_SCENES, cancel=cancel)
        report = predict_with(predictor, source, Path(folder) / "labels", cancel=cancel)
    progress(2, 3, f"{name}: bare forward pass")
    after = bare_seconds(predictor, scenes[0], repeat=passes)
    return EngineTimes(name, predictor.device, images, (before + after) / 2, report.elapsed / images, overlay)


def _write_pictures(folder: Path, scenes: Sequence[NDArray[np.uint8]], count: int) -> None:
    """`count` PNG files that show the scenes by turns."""
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:04}.png"
        if number < len(scenes):
            write_png(path, scenes[number], flush=False)
            continue
        same = folder / f"{number % len(scenes):04}.png"
        try:
            os.link(same, path)
        except OSError:  # a file system without links
            shutil.copyfile(same, path)
