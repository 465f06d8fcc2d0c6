"""Labels that are saved as a whole over others: the others can be gone back to."""

from __future__ import annotations

import dataclasses

import numpy as np

from segstudio.core.layer import Layer
from segstudio.core.segments import Segment
from segstudio.store.checking import check_project
from tests.store.painting import SIZE_HW, Painter, assert_same


def painted(seed, steps):
    painter = Painter(seed)
    for _ in range(steps):
        painter.step()
    return painter.layer.to_annotation()


def test_every_state_before_can_be_gone_back_to(project):
    key, states = "city/0", [painted(seed, 12) for seed in range(4)]
    for state in states:
        project.save_annotation(key, "labels", state)
        assert_same(Layer.from_annotation("labels", state), project.load(key, "labels"))
    edits = project.edits(key)
    assert [edit.name for edit in edits] == ["replace all"] * 3
    for number, state in enumerate(states[:-1]):
        earlier = project.state_after(key, "labels", edits[number - 1].id if number else 0)
        assert_same(Layer.from_annotation("labels", state), earlier)
    project.close()
    assert not check_project(project.path).problems


def test_edits_before_it_are_kept_too(project):
    painter = Painter(7)
    for _ in range(10):
        edit, undo = painter.step()
        project.record("city/1", painter.layer, edit, undo=undo)
    before = painter.layer.to_annotation()
    last = project.edits("city/1")[-1].id
    project.save_annotation("city/1", "labels", painted(8, 5))
    assert_same(Layer.from_annotation("labels", before), project.state_after("city/1", "labels", last))
    assert project.state_after("city/1", "labels", 0) is not None


def test_saving_the_same_again_makes_no_edit(project):
    state = painted(9, 8)
    for _ in range(2):
        project.save_annotation("city/0", "labels", state)
    assert project.edits("city/0") == []


def test_another_size_or_another_head_replaces_the_layer(project):
    state = painted(10, 8)
    project.save_annotation("city/0", "labels", state)
    project.save_annotation("city/0", "labels", dataclasses.replace(state, extra={"from": "elsewhere"}))
    assert project.load("city/0", "labels").extra == {"from": "elsewhere"}
    ids_hw = np.ones((SIZE_HW[0] // 2, SIZE_HW[1]), np.uint16)
    project.save_annotation("city/0", "labels", type(state)(ids_hw.shape, ids_hw, (Segment(1, 1),)))
    assert project.load("city/0", "labels").size_hw == ids_hw.shape
