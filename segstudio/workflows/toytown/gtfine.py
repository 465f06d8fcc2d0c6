"""The Cityscapes ground truth of one scene: label ids, instance ids, colours and polygons.

Layout and encodings as the public Cityscapes scripts read them: `instanceIds` are 16-bit, the bare class id on stuff
and class id · 1000 + number (from 0) on things; `polygons.json` lists outlines from back to front.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.ops.image import write_png
from segstudio.workflows.toytown.scene import Scene

_LEVEL = 1
"""Halves the time of the default and costs a tenth in size."""


def write_scene(root: Path, split: str, name: str, scene: Scene, class_set: ClassSet) -> None:
    """Write photo and ground truth of a scene below `root`/leftImg8bit and `root`/gtFine."""
    photo_dir, truth_dir = (root / part / split / "toytown" for part in ("leftImg8bit", "gtFine"))
    for folder in (photo_dir, truth_dir):
        folder.mkdir(parents=True, exist_ok=True)
    palette = np.zeros((256, 3), np.uint8)
    for label in class_set.classes:
        palette[label.id] = label.color
    write_png(photo_dir / f"{name}_leftImg8bit.png", scene.image_hwc, level=_LEVEL, flush=False)
    write_png(truth_dir / f"{name}_gtFine_labelIds.png", scene.class_hw, level=_LEVEL, flush=False)
    write_png(truth_dir / f"{name}_gtFine_instanceIds.png", instance_ids(scene), level=_LEVEL, flush=False)
    write_png(truth_dir / f"{name}_gtFine_color.png", palette[scene.class_hw], level=_LEVEL, flush=False)
    (truth_dir / f"{name}_gtFine_polygons.json").write_text(json.dumps(polygons_json(scene)), encoding="utf-8")


def instance_ids(scene: Scene) -> NDArray[np.uint16]:
    """Return the Cityscapes instance ids `[H, W]` of a scene."""
    class_ids = scene.class_hw.astype(np.uint16)
    numbers = scene.instance_hw
    return np.where(numbers > 0, class_ids * np.uint16(1000) + numbers - np.uint16(1), class_ids).astype(np.uint16)


def polygons_json(scene: Scene) -> dict[str, object]:
    """Return the document of `*_gtFine_polygons.json`; points to a tenth of a pixel."""
    height, width = scene.class_hw.shape
    objects = [{"label": p.label, "polygon": np.round(p.points_xy, 1).tolist()} for p in scene.polygons]
    return {"imgHeight": height, "imgWidth": width, "objects": objects}
