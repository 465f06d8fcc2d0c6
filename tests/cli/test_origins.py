"""`segstudio project stats --origins`: who made how many of the labels."""

from __future__ import annotations

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation, Layer
from segstudio.core.segments import Segment
from segstudio.core.transaction import Transaction
from segstudio.store import Project


def test_stats_tell_who_made_the_labels(segstudio, tmp_path):
    path = tmp_path / "p.segproj"
    ids_hw = np.ones((10, 10), np.uint16)
    with Project.create(path, class_set=ClassSet.of_names(["road"])) as project:
        project.add_images([ImageItem("a", None, (10, 10))])
        origin = {"kind": "imported", "person": "bo", "tool": "import", "from": "street (voc)"}
        annotation = Annotation((10, 10), ids_hw, (Segment(1, 0), Segment(2, 0, 1)))
        project.save_annotation("a", "labels", annotation, origin=origin)
        layer = Layer.from_annotation("labels", annotation)
        told = {"person": "ana", "tool": "accept", "source": "prediction:net", "model": "espnet", "weights": "ab" * 32}
        stroke = Transaction(layer, "accept", provenance=told)
        stroke.paint(Rect(0, 0, 10, 4), 2)
        project.record("a", layer, stroke.commit())
    found = segstudio("project", "stats", path, "--origins", "--json").document["origins"]
    assert [(row["kind"], row["pixels"]) for row in found] == [("imported", 60), ("model", 40)]
    assert found[1]["weights"] == "ab" * 32
    lines = segstudio("project", "stats", path, "--origins").out
    assert "labels made by model ana accept net espnet (weights abababababab): 40 pixels, 40.0 %" in lines
    assert "origins" not in segstudio("project", "stats", path, "--json").document
