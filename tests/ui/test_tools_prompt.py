"""AI points on the canvas, with the oracle: clicks, boxes, outlines, candidates, undo, and what is taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from segstudio.core.geometry import Rect
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.host import DirectHost
from segstudio.models.interactive.oracle import Oracle
from segstudio.session.assist.prompt_results import PROMPTS, mask_of_object, prompt_of
from segstudio.session.assist.prompting import Prompting
from segstudio.session.assist.proposals import Proposal
from tests.ui.canvas_stage import ALT, CAR, RIGHT, ROAD, SHIFT, stage  # noqa: F401 (a fixture)


@pytest.fixture
def ai(stage):  # noqa: F811
    """The stage with the tool in hand; the truth has two cars on the road, of one segment."""
    session = stage.session
    truth = stage.document.truth
    truth.raster.writable(Rect(20, 70, 60, 90))[...] = CAR
    truth.raster.writable(Rect(120, 70, 160, 90))[...] = CAR
    session.prompting = Prompting(session, lambda: DirectHost(PromptBench(lambda spec: Oracle(), EmbeddingCache())))
    session.prompting.choose("oracle")
    stage.view(mode="objects", tool="ai")
    return stage


def shown(stage):  # noqa: F811
    found = stage.canvas.tool.proposal
    return None if found is None else found.rect


def test_a_click_shows_and_enter_takes_one_step(ai):
    before = ai.ids
    ai.hand.click(40, 80)
    assert shown(ai) == Rect(20, 70, 60, 90)
    assert ai.steps() == []
    np.testing.assert_array_equal(ai.ids, before)
    ai.hand.key(Qt.Key.Key_Return)
    assert ai.steps() == ["AI points"]
    (item,) = ai.objects
    assert (item.class_id, item.bounds()) == (2, Rect(20, 70, 60, 90))
    assert PROMPTS in item.attributes
    assert shown(ai) is None
    ai.session.undo()
    assert ai.objects == []


def test_in_semantic_mode_it_becomes_pixels_of_the_active_class(ai):
    ai.view(mode="semantic")
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    assert (ai.ids[70:90, 20:60] == CAR).all()
    assert (ai.ids == CAR).sum() == 800
    assert ai.steps() == ["AI points"]


def test_protected_pixels_survive(ai):
    ai.view(mode="semantic", protected_classes=frozenset({0}))
    ai.paint(slice(70, 80), slice(20, 40), ROAD)
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    assert (ai.ids[70:80, 20:40] == ROAD).all()
    assert (ai.ids == CAR).sum() == 600


def test_points_of_both_signs_and_undo_of_the_last(ai):
    ai.hand.click(40, 80)
    ai.hand.click(140, 80)
    assert shown(ai) == Rect(20, 70, 160, 90)
    ai.hand.click(30, 75, keys=SHIFT)
    assert shown(ai) == Rect(120, 70, 160, 90)
    assert ai.canvas.undo_in_tool()
    assert shown(ai) == Rect(20, 70, 160, 90)
    ai.hand.click(150, 80, button=RIGHT)
    assert shown(ai) == Rect(20, 70, 60, 90)
    for _ in range(3):
        assert ai.canvas.undo_in_tool()
    assert shown(ai) is None
    assert not ai.canvas.undo_in_tool()


def test_a_drag_is_a_box_and_with_alt_an_outline(ai):
    ai.hand.drag((110, 60), (130, 80), (170, 100))
    assert shown(ai) == Rect(120, 70, 160, 90)
    ai.hand.key(Qt.Key.Key_Escape)
    assert shown(ai) is None
    ai.hand.drag((10, 60), (70, 62), (70, 98), (12, 97), keys=ALT)
    assert shown(ai) == Rect(20, 70, 60, 90)
    ai.hand.key(Qt.Key.Key_Return)
    assert prompt_of(ai.objects[0]).lasso_xy is not None


def test_escape_leaves_everything_as_it_was(ai):
    before = ai.ids
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Escape)
    np.testing.assert_array_equal(ai.ids, before)
    assert ai.steps() == []
    assert ai.objects == []


def test_tab_goes_through_the_candidates(ai):
    # Two points on two cars: the whole answer, then the connected piece under the first.
    ai.hand.click(40, 80)
    ai.hand.click(140, 80)
    first = shown(ai)
    ai.hand.key(Qt.Key.Key_Tab)
    assert shown(ai) == Rect(20, 70, 60, 90) != first
    ai.hand.key(Qt.Key.Key_Backtab)
    assert shown(ai) == first


def test_another_candidate_of_a_large_picture_is_enlarged_by_a_worker(ai, monkeypatch):
    monkeypatch.setattr("segstudio.ui.canvas.tools.asking.HEAVY", 1)
    handed = []
    submit = ai.session.jobs.submit

    def later(work, **given):
        handed.append(lambda: submit(work, **given))

    ai.hand.click(40, 80)
    ai.hand.click(140, 80)
    first = shown(ai)
    monkeypatch.setattr(ai.session.jobs, "submit", later)
    ai.hand.key(Qt.Key.Key_Tab)
    assert shown(ai) == first  # what is there stays until the other is
    handed.pop()()
    assert shown(ai) == Rect(20, 70, 60, 90) != first
    ai.hand.key(Qt.Key.Key_Backtab)
    assert (shown(ai), handed) == (first, [])  # made once


def test_a_late_candidate_of_an_answer_that_is_gone_is_not_shown(ai, monkeypatch):
    monkeypatch.setattr("segstudio.ui.canvas.tools.asking.HEAVY", 1)
    handed = []
    ai.hand.click(40, 80)
    ai.hand.click(140, 80)
    submit = ai.session.jobs.submit
    monkeypatch.setattr(ai.session.jobs, "submit", lambda work, **given: handed.append(lambda: submit(work, **given)))
    ai.hand.key(Qt.Key.Key_Tab)
    ai.hand.key(Qt.Key.Key_Escape)
    handed.pop()()
    assert shown(ai) is None


def test_a_candidate_without_any_pixel_is_left_out(ai):
    ai.hand.click(40, 80)
    ai.hand.click(140, 80)
    tool = ai.canvas.tool
    first, second = tool._answer.proposals
    speck_hw = np.full((400, 400), -8, np.float16)
    speck_hw[1, 1] = 0.01  # gone at the size of the image
    empty = Proposal(Candidate(speck_hw, 0.9), first._part)
    assert empty.rect.is_empty
    tool._answer = replace(tool._answer, proposals=(first, Proposal(empty.candidate, first._part), second))
    ai.hand.key(Qt.Key.Key_Tab)
    assert shown(ai) == second.rect
    assert tool._answer.proposals == (first, second)


def test_the_hint_names_the_segmenter_in_hand(ai):
    assert ai.canvas.tool.hint.startswith("Oracle: click")
    ai.session.prompting.choose("")
    assert "Shift+Q" in ai.canvas.tool.hint


def test_nothing_there_is_an_answer_that_erases_nothing(ai):
    ai.document.truth.raster.writable(Rect(0, 0, 10, 10))[...] = 0
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    shape = ai.objects[0].shape
    ai.session.prompting.frames.forget()
    ai.hand.click(5, 5)
    assert shown(ai) is None
    ai.hand.key(Qt.Key.Key_Return)
    assert [item.shape for item in ai.objects] == [shape]
    assert ai.steps() == ["AI points"]


def test_a_selected_object_goes_on_with_its_prompts(ai):
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    (item,) = ai.objects
    ai.view(selection=frozenset({item.id}))
    ai.hand.click(62, 88)  # close by: the road belongs to it too
    ai.hand.key(Qt.Key.Key_Return)
    (again,) = ai.objects
    assert again.id == item.id
    assert len(prompt_of(again).positive) == 2
    assert mask_of_object(again, ai.document.size_hw).sum() > 800
    ai.hand.click(100, 20)  # far away: another one
    ai.hand.key(Qt.Key.Key_Return)
    assert len(ai.objects) == 2


def test_a_locked_object_is_left_alone(ai):
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    (item,) = ai.objects
    ai.put(replace(item, locked=True))
    ai.hand.click(40, 80)
    ai.hand.key(Qt.Key.Key_Return)
    assert len(ai.objects) == 2


def test_a_resting_pointer_shows_what_a_click_would_give(ai, qtbot):
    ai.hand.hover(40, 80)
    qtbot.waitUntil(lambda: shown(ai) == Rect(20, 70, 60, 90), timeout=5000)
    assert ai.steps() == []
    ai.hand.hover(100, 80)
    assert shown(ai) is None
    ai.hand.key(Qt.Key.Key_Return)
    assert ai.objects == []


def test_it_draws_itself_in_every_state(ai):
    ai.hand.click(40, 80)
    ai.hand.click(30, 75, keys=SHIFT)
    ai.hand.drag((110, 60), (170, 100))
    ai.hand.press(10, 10, keys=ALT)
    ai.hand.move(50, 60, keys=ALT)
    picture = ai.canvas.grab().toImage()
    assert not picture.isNull()
    assert ai.canvas.tool.overlay_bounds().isValid()


def test_the_panel_says_what_is_missing_and_where_it_goes(window, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path))
    window.commands.run("assist.segmenter")
    panel = window.docks.content("assist.segmenter")
    panel.segmenter.setCurrentIndex(panel.segmenter.findData("sam-vit-b"))
    panel.segmenter.activated.emit(panel.segmenter.currentIndex())
    assert str(tmp_path) in panel.state.text()
    assert not panel.everything.isEnabled()
    panel.segmenter.setCurrentIndex(panel.segmenter.findData("oracle"))
    window.session.prompting.choose("oracle")
    assert panel.everything.isEnabled()
