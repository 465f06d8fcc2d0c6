"""Who made each pixel: the store's answer against a model that keeps the maker of every pixel as it goes."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from functools import partial

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import Annotation, Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.transaction import Transaction
from segstudio.store import Project
from segstudio.store.brief_write import write_briefly
from segstudio.store.checking import check_project
from segstudio.store.origin_replay import Base
from segstudio.store.place import place_of
from segstudio.store.records import RESTORES
from segstudio.store.repairing import repair_project

CLASSES = ClassSet.of_names(["road", "car", "person"])
SIZE_HW = (300, 290)
"""Two tiles by two."""
NOBODY, BROUGHT = "", "brought"


class Town:
    """A project of one image that is worked on, and beside it the maker of every pixel and object, kept naively.

    Each edit has a tool of its own, which is its name here.
    """

    def __init__(self, path, brought_hw=None):
        self.path = path
        self.project = Project.create(path, class_set=CLASSES)
        self.project.add_images([ImageItem("a", None, SIZE_HW)])
        self.layer = Layer("labels", SIZE_HW)
        self.layer.ensure_class_segments(CLASSES)
        self.history = History()
        self.maker_hw = np.full(SIZE_HW, NOBODY, object)
        self.maker_of = {}
        self.before = []  # makers before each edit that can be undone
        self.undone = []  # tools of what was undone
        self.after = {}  # makers after each edit of the journal
        self.count = 0
        if brought_hw is not None:
            annotation = Annotation(SIZE_HW, brought_hw, tuple(self.layer.segments))
            self.project.save_annotation("a", "labels", annotation)
            self.layer = Layer.from_annotation("labels", annotation)
            self.maker_hw[brought_hw != 0] = BROUGHT
        self._note()

    def _note(self):
        edits = self.project.edits("a", limit=1)
        self.after[edits[-1].id if edits else 0] = self.maker_hw.copy(), dict(self.maker_of)

    def _begin(self, **told):
        self.count += 1
        tool = f"tool {self.count}"
        return tool, Transaction(self.layer, "edit", provenance={"person": f"p{self.count % 3}", "tool": tool, **told})

    def _end(self, transaction, maker_hw, maker_of):
        edit = transaction.commit()
        if edit is None:
            return
        self.before.append((self.maker_hw, self.maker_of))
        self.undone = []
        self.maker_hw, self.maker_of = maker_hw, maker_of
        self.history.push(edit)
        self.project.record("a", self.layer, edit)
        self._note()

    def stroke(self, rect, segment_id, every):
        tool, transaction = self._begin()
        mask_hw = (np.add.outer(np.arange(rect.height), np.arange(rect.width)) % every) == 0
        was = self.layer.raster.snapshot()
        transaction.paint(rect, segment_id, mask_hw=mask_hw)
        maker_hw = self.maker_hw.copy()
        maker_hw[was != self.layer.raster.ids_hw] = tool
        self._end(transaction, maker_hw, self.maker_of)

    def object(self, object_id, x):
        tool, transaction = self._begin()
        square = np.array([[x, 2], [x + 10, 2], [x + 10, 12], [x, 12]], float)
        transaction.put_object(SegObject(object_id, 1, PolygonShape.of(square)))
        self._end(transaction, self.maker_hw, {**self.maker_of, object_id: tool})

    def undo(self):
        edit = self.history.next_undo()
        if edit is None:
            return
        inverse, _ = edit.swap(self.layer)
        self.history.undone(inverse)
        self.maker_hw, self.maker_of = self.before.pop()
        self.undone.append(edit.provenance["tool"])
        self.project.record("a", self.layer, inverse, undo=True)
        self._note()

    def redo(self):
        edit = self.history.next_redo()
        if edit is None:
            return
        was = self.layer.raster.snapshot()
        inverse, _ = edit.swap(self.layer)
        self.history.redone(inverse)
        self.before.append((self.maker_hw, self.maker_of))
        self.maker_hw = self.maker_hw.copy()
        self.undone.pop()
        tool = edit.provenance["tool"]
        changed = was != self.layer.raster.ids_hw
        restored = edit.provenance.get(RESTORES)
        then_hw, then_of = self.after[restored] if restored is not None else (np.full(SIZE_HW, tool, object), {})
        self.maker_hw[changed] = then_hw[changed]
        touched = [patch.id for patch in edit.objects]
        self.maker_of = {**self.maker_of, **{key: then_of.get(key, tool) for key in touched}}
        self.project.record("a", self.layer, inverse)
        self._note()

    def restore(self, place):
        states = list(self.after)
        edit_id = states[place % len(states)]
        try:
            then = self.project.state_after("a", "labels", edit_id)
        except UserError:
            return  # no longer kept, or nothing is stored yet
        _, transaction = self._begin(**{RESTORES: edit_id})
        was = self.layer.raster.snapshot()
        wanted = np.zeros(SIZE_HW, np.uint16) if then.labels_hw is None else then.labels_hw
        transaction.write(self.layer.raster.bounds, wanted)
        kept = {item.id: item for item in then.objects}
        for item in list(self.layer.objects):
            if item.id not in kept:
                transaction.remove_object(item.id)
        for item in then.objects:
            if self.layer.objects.get(item.id) != item:
                transaction.put_object(item)
        then_hw, then_of = self.after[edit_id]
        maker_hw = np.where(was != self.layer.raster.ids_hw, then_hw, self.maker_hw)
        self._end(transaction, maker_hw, {**self.maker_of, **then_of})

    def name(self):
        with suppress(UserError):
            self.project.add_version(f"state {self.count}", key="a")

    def forget(self):
        """As when the image is opened anew."""
        self.history = History()
        self.before, self.undone = [], []

    def trim(self, kibibytes):
        self.project.flush()
        self.project.trim_history(0) if kibibytes == 0 else _trim(self.project, kibibytes * 1024)
        self.forget()

    def reopen(self):
        self.project.close()
        self.project = Project.open(self.path)
        self.forget()

    def check(self):
        found = self.project.authors.raster("a", "labels")
        if found is None:
            assert not self.layer.raster.ids_hw.any()
            return
        names = np.array([_name(origin) for origin in found.origins], object)
        made_hw = names[found.index_hw]
        assert np.array_equal(made_hw, self.maker_hw)
        labelled = self.layer.raster.ids_hw != 0
        counts = {_name(o): n for o, n in self.project.authors.regions("a", "labels")}
        names, pixels = np.unique(self.maker_hw[labelled].astype(str), return_counts=True)
        assert counts == dict(zip(names.tolist(), pixels.tolist(), strict=True))
        made = self.project.origins("a", "labels").objects
        for item in self.layer.objects:
            assert made[item.id]["tool"] == self.maker_of[item.id]


def _trim(project, budget):
    from segstudio.store import retention

    retention.trim(project._retained, budget)


def _name(origin):
    return origin.get("tool", BROUGHT if origin else NOBODY)


rects = st.builds(
    lambda x, y, w, h: Rect(x, y, min(x + w, SIZE_HW[1]), min(y + h, SIZE_HW[0])),
    st.integers(0, 280),
    st.integers(0, 290),
    st.sampled_from([4, 30, 290]),
    st.sampled_from([4, 30, 300]),
)
steps = st.one_of(
    st.tuples(st.just("stroke"), rects, st.integers(0, 3), st.sampled_from([1, 1, 2])),
    st.tuples(st.just("stroke"), rects, st.integers(0, 3), st.sampled_from([1, 1, 2])),
    st.tuples(st.just("object"), st.integers(1, 3), st.integers(0, 100)),
    st.tuples(st.just("undo")),
    st.tuples(st.just("undo")),
    st.tuples(st.just("redo")),
    st.tuples(st.just("restore"), st.integers(0, 30)),
    st.tuples(st.just("name")),
    st.tuples(st.just("trim"), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("reopen")),
    st.tuples(st.just("check")),
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(steps, max_size=24), brought=st.booleans())
def test_each_pixel_is_its_makers(tmp_path_factory, script, brought):
    brought_hw = None
    if brought:
        brought_hw = np.zeros(SIZE_HW, np.uint16)
        brought_hw[:150, 40:] = 2
    town = Town(tmp_path_factory.mktemp("town") / "t.segproj", brought_hw)
    try:
        for name, *values in script:
            getattr(town, name)(*values)
        town.check()
        town.reopen()
        town.check()
    finally:
        town.project.close()


def test_bases_survive_repair_and_damage_is_told(tmp_path):
    town = Town(tmp_path / "t.segproj")
    town.stroke(Rect(0, 0, 200, 200), 1, 1)
    town.object(1, 20)
    town.stroke(Rect(50, 50, 280, 280), 2, 2)
    town.trim(0)
    town.check()
    town.project.close()
    assert check_project(town.path).problems == ()
    repair_project(town.path)
    town.project = Project.open(town.path)
    town.check()
    town.project.close()
    with sqlite3.connect(town.path) as raw:
        raw.execute("UPDATE origin_base SET edit_id = edit_id - 1")
    raw.close()
    assert any("origins of layer" in problem for problem in check_project(town.path).problems)
    with Project.open(town.path) as project, pytest.raises(UserError, match="origins of layer"):
        project.authors.raster("a", "labels")


def test_opening_trims_in_the_background_and_forgets_nobody(tmp_path):
    town = Town(tmp_path / "t.segproj")
    for number in range(12):
        town.stroke(Rect(7 * number, 5 * number, 150, 200), 1 + number % 3, 1 + number % 2)
    town.project.close()
    town.project = Project.open(town.path, history_megabytes=0)
    town.project._trimming._thread.join()
    with pytest.raises(UserError, match="no longer kept"):
        town.project.state_after("a", "labels", 1)
    town.forget()
    town.check()
    town.project.close()


def test_removed_objects_do_not_gather_in_the_base(tmp_path):
    town = Town(tmp_path / "t.segproj")
    for object_id in range(1, 30):
        town.object(object_id, object_id)
        _, transaction = town._begin()
        transaction.remove_object(object_id)
        town._end(transaction, town.maker_hw, town.maker_of)
    town.object(40, 3)
    town.trim(0)
    with sqlite3.connect(town.path) as raw:
        (packed,) = raw.execute("SELECT packed FROM origin_base").fetchone()
    raw.close()
    assert set(Base.unpack(packed, 0).objects) == {40}
    town.check()
    town.project.close()


def test_sums_are_kept_until_the_next_edit(project):
    layer = Layer("labels", SIZE_HW)
    for key, person in (("city/0", "ana"), ("city/1", "bo")):
        stroke = Transaction(layer, "brush", provenance={"person": person, "tool": "brush"})
        stroke.paint(Rect(0, 0, 10, 10 if person == "ana" else 20), 1)
        project.record(key, layer, stroke.commit())
        layer = Layer("labels", SIZE_HW)
    counted = []
    told = {k: [(o["person"], n) for o, n in v] for k, v in project.authors.sums("labels").items()}
    assert told == {"city/0": [("ana", 100)], "city/1": [("bo", 200)]}
    project.authors.sums("labels", progress=lambda done, total, key: counted.append(key))
    assert counted == []
    stroke = Transaction(layer, "brush", provenance={"person": "ana", "tool": "brush"})
    stroke.paint(Rect(50, 0, 55, 10), 2)
    project.record("city/0", layer, stroke.commit())
    project.authors.sums("labels", progress=lambda done, total, key: counted.append(key))
    assert counted == ["city/0"]


def test_a_replaced_layer_is_whose_it_is_said_to_be(project):
    ids_hw = np.zeros(SIZE_HW, np.uint16)
    ids_hw[:10, :10] = 1
    annotation = Annotation(SIZE_HW, ids_hw)
    project.save_annotation("city/0", "labels", annotation, origin={"kind": "imported", "from": "street (voc)"})
    project.save_annotation("city/1", "labels", annotation)
    assert project.authors.regions("city/0", "labels") == [({"kind": "imported", "from": "street (voc)"}, 100)]
    assert project.authors.regions("city/1", "labels") == [({"kind": "imported"}, 100)]
    layer = Layer.from_annotation("labels", annotation)
    stroke = Transaction(layer, "brush", provenance={"person": "ana", "tool": "brush"})
    stroke.paint(Rect(0, 0, 5, 10), 2)
    project.record("city/0", layer, stroke.commit())
    assert [pixels for _, pixels in project.authors.regions("city/0", "labels")] == [50, 50]
    project.save_annotation("city/0", "labels", annotation)
    kinds = [(origin["kind"], pixels) for origin, pixels in project.authors.regions("city/0", "labels")]
    assert kinds == [("imported", 50), ("imported", 50)]  # what was as it is now is whose it was


def test_a_team_knows_it_too(address):
    with Project.create(place_of(address), class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None, SIZE_HW)])
        layer = Layer("labels", SIZE_HW)
        project.load("a", "labels")
        for number, person in enumerate(("ana", "bo")):
            stroke = Transaction(layer, "brush", provenance={"person": person, "tool": "brush"})
            stroke.paint(Rect(0, 0, 20 - 10 * number, 10), 1 + number)
            project.record("a", layer, stroke.commit())
        before = project.authors.regions("a", "labels")
        assert sorted((origin["person"], pixels) for origin, pixels in before) == [("ana", 100), ("bo", 100)]
        with Project.open(address, read_only=True) as reading:
            keep = partial(write_briefly, reading.path)
            assert reading.authors.sums("labels", keep=keep) == {"a": before}
        counted = []
        assert project.authors.sums("labels", progress=lambda *told: counted.append(told)) == {"a": before}
        assert counted == []
        assert project.trim_history(0) == 2
        assert project.authors.regions("a", "labels") == before
        assert project.authors.raster("a", "labels").at(15, 5)["person"] == "ana"
