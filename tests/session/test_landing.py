"""Edits of whole large images that land between events leave what an edit in one go leaves, whatever comes between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.history import History
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.segments import Segment
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.render.pyramid import Pyramid
from segstudio.session import Session
from segstudio.session.document import Document
from segstudio.session.edits.accept import accept_class, accept_everything
from segstudio.session.edits.landing import between_events, land, parts_of
from segstudio.session.jobs import SyncJobs
from tests.session.conftest import CLASSES

SIZE_HW = (530, 1300)
SMALL = 10_000


class Loop:
    """Stands for the event loop: calls wait until they are asked to run."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def __call__(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def turn(self) -> bool:
        """Run what waits; whether anything did."""
        calls, self.calls = self.calls, []
        for call in calls:
            call()
        return bool(calls)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    monkeypatch.setattr("segstudio.session.turns._TURN_SECONDS", 0.0)
    monkeypatch.setattr("segstudio.session.edits.landing.AT_ONCE", SMALL)
    monkeypatch.setattr("segstudio.session.edits.stepping.AT_ONCE", SMALL)
    return Loop()


@pytest.fixture
def stage(tmp_path: Path, loop: Loop) -> Iterator[Session]:
    """A session on an image of several parts with truth, whose turns are those of `loop`."""
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", person="tester")
    session.turns.bind(loop)
    _show_bare(session)
    yield session
    session.document = None
    session.close()


def _show_bare(session: Session) -> Document:
    session.classes.replace(CLASSES)
    labels, truth = Layer(LABELS, SIZE_HW), Layer(TRUTH, SIZE_HW, locked=True)
    for layer in (labels, truth):
        layer.ensure_class_segments(CLASSES)
    truth.raster.writable(truth.raster.bounds)[...] = np.random.default_rng(1).integers(1, 5, SIZE_HW)
    document = Document(
        ImageItem("large", None, SIZE_HW),
        Pyramid(np.zeros((*SIZE_HW, 3), np.uint8)),
        labels,
        classes=session.classes,
        history=History(),
        truth=truth,
        truth_index_hw=truth.index_map(CLASSES),
    )
    session.turns.finish()
    session.document = document
    session.live.open(document)
    return document


def _fill(session: Session, rect: Rect, segment: int, mask_hw: np.ndarray) -> None:
    document = session.document
    assert document is not None

    def write(part: Rect) -> None:
        stroke.paint(part, segment, mask_hw=mask_hw[part.moved(-rect.x0, -rect.y0).slices])

    stroke = document.begin("fill")
    land(session, stroke, [(rect, write)])


def _assert_counted(session: Session) -> None:
    document = session.document
    assert document is not None
    ids_hw = document.labels.raster.ids_hw
    expected = ConfusionMatrix(document.class_set.num_classes, document.class_set.ignored_index)
    expected.add(document.truth_index_hw, document.labels.segments.index_lut(document.class_set)[ids_hw])
    assert session.live.image_matrix() == expected
    assert np.array_equal(document.census.by_segment(), np.bincount(ids_hw.reshape(-1), minlength=65536))


def test_parts_cover_an_area_once_and_end_where_tiles_end() -> None:
    area = Rect(100, 300, 1290, 530)
    seen = np.zeros(SIZE_HW, np.int64)
    for part in parts_of(area):
        seen[part.slices] += 1
        assert part.x1 in (area.x1, 1024)
        assert part.y1 in (area.y1, 512)
    assert (seen[area.slices] == 1).all()
    assert seen.sum() == area.area


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.just("fill"), st.integers(0, 1200), st.integers(0, 500), st.integers(1, 4), st.booleans()),
        st.tuples(st.sampled_from(["undo", "redo", "cancel", "turn", "turn", "finish"])),
    ),
    min_size=2,
    max_size=14,
)


@given(actions=ACTIONS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mix_of_edits_undo_and_cancel_leaves_what_was_asked_for(
    stage: Session, loop: Loop, actions: list[tuple]
) -> None:
    document = _show_bare(stage)
    states, at = [np.zeros(SIZE_HW, np.uint16)], 0
    queue: list[tuple] = []

    def settle() -> None:
        nonlocal at
        stage.turns.finish()
        loop.calls.clear()
        for kind, *state in queue:
            if kind == "fill":
                if not np.array_equal(state[0], states[at]):
                    states[at + 1 :] = state
                    at += 1
            elif kind == "undo":
                at = max(0, at - 1)
            else:
                at = min(len(states) - 1, at + 1)
        queue.clear()

    for kind, *values in actions:
        if not stage.turns.is_busy:
            settle()
        if kind == "fill":
            x0, y0, segment, masked = values
            rect = Rect(x0, y0, SIZE_HW[1], SIZE_HW[0])
            mask_hw = np.ones((rect.height, rect.width), bool)
            if masked:
                mask_hw = np.random.default_rng(segment).random(mask_hw.shape) < 0.5
            if document.is_busy or stage.turns.is_busy:
                with pytest.raises(UserError):
                    document.begin("another")
                continue
            after = states[at].copy()
            after[rect.slices][mask_hw] = segment
            queue.append(("fill", after))
            _fill(stage, rect, segment, mask_hw)
        elif kind in ("undo", "cancel") and queue and queue[0][0] == "fill":
            assert (stage.undo() is None) if kind == "undo" else stage.turns.cancel()
            del queue[0]
            settle()
        elif kind == "undo":
            queue += [("undo",)] if stage.undo() is not None else []
        elif kind == "redo":
            queue += [("redo",)] if stage.redo() is not None else []
        elif kind == "turn":
            loop.turn()
        elif kind == "finish":
            settle()
    settle()
    assert np.array_equal(document.labels.raster.ids_hw, states[at])
    _assert_counted(stage)
    while document.undo() is not None:
        at -= 1
        assert np.array_equal(document.labels.raster.ids_hw, states[at])
    assert at == 0
    _assert_counted(stage)


def test_a_large_edit_gives_the_loop_back_after_each_part(stage: Session, loop: Loop) -> None:
    document = stage.document
    assert document is not None
    rects: list[Rect] = []
    document.changed.connect(lambda changes: rects.append(changes.pixels))
    _fill(stage, document.labels.raster.bounds, 2, np.ones(SIZE_HW, bool))
    parts = list(parts_of(document.labels.raster.bounds))
    turns = 0
    while loop.turn():
        turns += 1
    assert turns >= len(parts)
    assert rects == parts
    assert not document.is_busy
    stage.undo()
    assert document.is_busy
    while loop.turn():
        pass
    assert not document.labels.raster.ids_hw.any()
    _assert_counted(stage)


def test_what_a_large_edit_raises_leaves_no_trace_and_is_told(stage: Session, loop: Loop) -> None:
    document = stage.document
    assert document is not None
    told: list[str] = []
    stage.notify.told.connect(lambda notice: told.append(notice.text))
    stroke = document.begin("fill")

    def write(part: Rect) -> None:
        if part.y0 > 300:
            raise UserError("there is no ink left")
        stroke.paint(part, 3)

    land(stage, stroke, [(document.labels.raster.bounds, write)])
    while loop.turn():
        pass
    assert told == ["there is no ink left"]
    assert not document.is_busy
    assert not document.labels.raster.ids_hw.any()
    _assert_counted(stage)


def test_accepting_between_events_takes_what_accepting_at_once_takes(stage: Session, loop: Loop) -> None:
    document = stage.document
    assert document is not None
    layer = Layer("prediction:any", SIZE_HW, locked=True)
    layer.segments.put(Segment(1, 0))
    layer.segments.put(Segment(7, 2, instance=1))
    layer.segments.put(Segment(8, 2, instance=2))
    ids_hw = np.random.default_rng(2).choice(np.array([0, 1, 7, 8], np.uint16), SIZE_HW)
    layer.raster.writable(layer.raster.bounds)[...] = ids_hw
    document.set_prediction(layer)
    results = []
    for landing in (None, between_events(stage)):
        for accept in (accept_everything, lambda d, n, **given: accept_class(d, n, 2, **given)):
            accept(document, layer.name, **({} if landing is None else {"landing": landing}))
            while loop.turn():
                pass
            found = document.labels
            results.append((found.raster.ids_hw.copy(), [(s.id, s.class_id, s.instance) for s in found.segments]))
            _assert_counted(stage)
            document.undo()
            # An instance that only this edit made is gone with it, and counts as what it was until then.
            assert not found.raster.ids_hw.any()
            _assert_counted(stage)
    assert np.array_equal(results[0][0], results[2][0])
    assert np.array_equal(results[1][0], results[3][0])
    assert (results[0][0] != 0).sum() == (ids_hw != 0).sum()
    assert results[0][1] == results[2][1]


def test_a_large_edit_and_its_undo_are_stored_as_they_are(
    opened: Session, loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.turns.bind(loop)
    document, project = opened.document, opened.project
    assert document is not None
    assert project is not None
    for module in ("landing", "stepping"):
        monkeypatch.setattr(f"segstudio.session.edits.{module}.AT_ONCE", 50)
    area = document.labels.raster.bounds
    chance = np.random.default_rng(4)
    done: list[np.ndarray] = []

    def assert_stored() -> None:
        while opened.turns.is_busy:
            loop.turn()
        stored = project.load(document.key, LABELS)
        assert stored is not None
        assert stored.labels_hw is not None
        assert np.array_equal(stored.labels_hw, document.labels.raster.ids_hw)
        done.append(stored.labels_hw)

    for segment in (2, 3):
        _fill(opened, area, segment, chance.random((area.height, area.width)) < 0.5)
        assert_stored()
    opened.undo()
    assert_stored()
    assert np.array_equal(done[2], done[0])
    opened.redo()
    assert_stored()
    assert np.array_equal(done[3], done[1])
    assert opened.images.badge(0).status == "labelled"
    opened.undo()
    opened.undo()
    assert_stored()
    assert not done[-1].any()
