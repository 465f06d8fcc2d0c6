"""Toytown: a painted street-scene data set, the same on every machine, with semantic and instance ground truth.

May import core and formats. Start at `town.paint_scene` for one scene, at `dataset.generate` for the data set.
"""

from segstudio.workflows.toytown.dataset import generate
from segstudio.workflows.toytown.scene import LabelPolygon, Scene
from segstudio.workflows.toytown.town import paint_scene

__all__ = ["LabelPolygon", "Scene", "generate", "paint_scene"]
