"""A seeded script of work on one layer: strokes, objects, new segments, undo and redo, as a person would do it."""

from __future__ import annotations

import random

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import Layer
from segstudio.core.objects import MaskShape, PolygonPart, PolygonShape, SegObject
from segstudio.core.segments import Segment
from segstudio.core.transaction import Transaction

CLASSES = ClassSet.of_names(["road", "car", "person"])
SIZE_HW = (300, 700)


class Painter:
    """Does random edits on a layer of `SIZE_HW`; the same seed does the same edits."""

    def __init__(self, seed, layer=None):
        self.chance = random.Random(seed)
        self.layer = layer or Layer("labels", SIZE_HW)
        self.layer.ensure_class_segments(CLASSES)
        self.history = History()

    def step(self):
        """One committed, undone or redone edit as (edit, whether it is an undo)."""
        kind = self.chance.choices(["stroke", "object", "segment", "undo", "redo"], [5, 4, 1, 2, 1])[0]
        if kind == "undo" and self.history.undoable:
            return self._swap(self.history.next_undo(), self.history.undone), True
        if kind == "redo" and self.history.redoable:
            return self._swap(self.history.next_redo(), self.history.redone), False
        edit = None
        while edit is None:
            edit = {"object": self._object, "segment": self._segment}.get(kind, self._stroke)()
        self.history.push(edit)
        return edit, False

    def _swap(self, edit, done):
        inverse, _ = edit.swap(self.layer)
        done(inverse)
        return inverse

    def _begin(self, name):
        return Transaction(self.layer, name, provenance={"tool": name, "person": "maria"})

    def _rect(self):
        height, width = self.layer.size_hw
        x, y = self.chance.randrange(width - 60), self.chance.randrange(height - 60)
        return Rect(x, y, x + self.chance.randint(1, 60), y + self.chance.randint(1, 60))

    def _stroke(self):
        transaction = self._begin("brush")
        for _ in range(self.chance.randint(1, 4)):
            rect = self._rect()
            noise = np.random.default_rng(self.chance.randrange(2**32))
            mask_hw = noise.random((rect.height, rect.width)) < self.chance.choice([0.5, 1.1])
            transaction.paint(rect, self.chance.randint(0, 3), mask_hw=mask_hw)
        return transaction.commit()

    def _segment(self):
        transaction = self._begin("instance")
        table = self.layer.segments
        added = Segment(table.free_id(), 1, table.free_instance(1), attributes={"seen": self.chance.random()})
        transaction.put_segment(added)
        transaction.paint(self._rect(), added.id)
        return transaction.commit()

    def _object(self):
        transaction = self._begin("polygon")
        table = self.layer.objects
        if len(table) > 3 and self.chance.random() < 0.4:
            transaction.remove_object(self.chance.choice([item.id for item in table]))
        else:
            transaction.put_object(self._new_object(table))
        return transaction.commit()

    def _new_object(self, table):
        points = np.array([[self.chance.uniform(0, 600), self.chance.uniform(0, 280)] for _ in range(5)])
        if self.chance.random() < 0.3:
            shape = MaskShape(*self.layer.size_hw, counts=b"0\x00seventeen\xff", box=Rect(1, 2, 3, 4))
        else:
            shape = PolygonShape((PolygonPart(points, (points[:3] * 0.5,)), PolygonPart(points + 1)))
        identity = table.free_id()
        score = self.chance.choice([None, self.chance.random()])
        return SegObject(identity, 1, shape, score, False, table.top_z(), attributes={"pose": "left", "n": identity})


def assert_same(layer, annotation):
    """The stored annotation is the layer, exactly: pixels, segments, objects and their order."""
    assert annotation is not None
    if annotation.labels_hw is None:  # only objects so far
        assert not layer.raster.ids_hw.any()
    else:
        assert np.array_equal(annotation.labels_hw, layer.raster.ids_hw)
    assert {s.id: s for s in annotation.segments} == {s.id: s for s in layer.segments}
    assert list(annotation.objects) == layer.objects.in_order()
