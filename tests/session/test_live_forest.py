"""The live forest: what is painted labels the rest, nothing of it is kept or undone, and human pixels stay."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.session.assist.forest import FOREST
from segstudio.session.edits import accept
from tests.session.conftest import CLASSES, SIZE_HW, opened, session, street, truth_of

__all__ = ["opened", "session", "street"]

pytest.importorskip("sklearn")


def paint(document, class_id, rect):
    with document.begin("brush") as stroke:
        stroke.paint(rect, stroke.segment_for_class(class_id))


def labels(document):
    return document.labels.raster.ids_hw.copy()


@pytest.fixture
def taught(opened):
    """The forest on, two classes painted: house above, road below."""
    opened.forest.switch(True)
    paint(opened.document, 1, Rect(5, 5, 20, 10))
    paint(opened.document, 0, Rect(5, 50, 20, 56))
    return opened


def test_painted_classes_are_found_everywhere_else_and_nowhere_twice(taught):
    document = taught.document
    layer = document.predictions[FOREST]
    assert layer.locked
    free = document.labels.raster.ids_hw == 0
    assert (layer.raster.ids_hw[free] != 0).all()
    assert not layer.raster.ids_hw[~free].any()
    class_ids = layer.segments.class_lut()[layer.raster.ids_hw]
    assert set(np.unique(class_ids[free])) == {0, 1}
    assert (layer.confidence_hw[~free] == 255).all()
    facts = taught.forest.facts
    assert facts.classes == 2
    assert facts.painted > 0
    assert facts.refined


def test_a_preview_is_never_in_the_undo_stack(taught):
    document = taught.document
    assert [edit.name for edit in document.history.undoable] == ["brush", "brush"]
    taught.undo()
    taught.undo()
    assert not document.labels.raster.ids_hw.any()
    assert not document.predictions[FOREST].raster.ids_hw.any()


def test_switching_off_takes_the_layer_away(taught):
    taught.forest.switch(False)
    assert FOREST not in taught.document.predictions
    assert taught.forest.state == "off"
    paint(taught.document, 2, Rect(40, 40, 50, 50))
    assert FOREST not in taught.document.predictions


def test_accepting_is_one_step_that_undo_takes_back_bit_by_bit(taught):
    document = taught.document
    before = labels(document)
    accept.accept_everything(document, FOREST)
    after = labels(document)
    assert (after != 0).all()
    assert (after[before != 0] == before[before != 0]).all()
    taught.undo()
    assert np.array_equal(labels(document), before)


def test_what_was_accepted_does_not_teach(taught):
    """After accepting, a correction still changes the answer for what was accepted, and only human pixels teach."""
    document, forest = taught.document, taught.forest
    painted = forest.facts.painted
    accept.accept_everything(document, FOREST)
    assert forest.facts.painted == painted
    assert (document.predictions[FOREST].raster.ids_hw != 0).any()
    paint(document, 2, Rect(60, 20, 75, 30))
    assert forest.facts.classes == 3
    assert forest.facts.painted > painted


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    strokes=st.lists(
        st.tuples(st.sampled_from([0, 1, 2]), st.integers(0, 85), st.integers(0, 55), st.integers(1, 20)),
        min_size=1,
        max_size=6,
    ),
    taken=st.lists(st.sampled_from(["all", "class", "region", "undo", "redo"]), max_size=4),
)
def test_human_pixels_survive_every_way_of_accepting(taught, strokes, taken):
    document = taught.document
    while document.history.undoable:
        taught.undo()
    for class_id, x, y, size in strokes:
        paint(document, class_id, Rect(x, y, x + size, y + size).intersect(document.labels.raster.bounds))
    human = labels(document)
    for way in taken:
        if way == "all":
            accept.accept_everything(document, FOREST)
        elif way == "class":
            accept.accept_class(document, FOREST, 1)
        elif way == "region":
            layer = document.predictions[FOREST].raster.ids_hw
            place = np.argwhere(layer)
            if len(place):
                accept.accept_region_at(document, FOREST, (place[0][1] + 0.5, place[0][0] + 0.5))
        elif way == "redo":
            taught.redo()
        elif document.history.undoable[-1].name.startswith("accept"):
            taught.undo()
        now = labels(document)
        assert (now[human != 0] == human[human != 0]).all()


def test_a_cancelled_stroke_leaves_labels_and_answer_as_they_were(taught):
    document = taught.document
    before = labels(document)
    answer = document.predictions[FOREST].raster.ids_hw.copy()
    stroke = document.begin("brush")
    stroke.paint(Rect(30, 30, 60, 50), stroke.segment_for_class(2))
    stroke.cancel()
    assert np.array_equal(labels(document), before)
    assert np.array_equal(document.predictions[FOREST].raster.ids_hw, answer)


def test_the_next_image_is_labelled_from_the_ones_before(taught):
    taught.next_image()
    assert taught.index == 1
    facts = taught.forest.facts
    assert facts.painted == 0
    assert taught.forest.project.images == 1
    layer = taught.document.predictions[FOREST]
    assert (layer.raster.ids_hw != 0).all()
    assert not taught.document.labels.raster.ids_hw.any()
    assert not taught.document.history.undoable


def test_a_saved_forest_labels_another_project(taught, tmp_path):
    path = tmp_path / "street.segforest"
    taught.forest.save(path)
    assert path.exists()
    told = []
    taught.notify.told.connect(lambda notice: told.append(notice.text))
    forest = taught.forest
    forest.switch(False)
    taught.undo()
    taught.undo()
    forest.project.forget()
    taught.next_image()
    forest.switch(True)
    assert not taught.document.predictions[FOREST].raster.ids_hw.any()
    forest.project.load(path)
    assert (taught.document.predictions[FOREST].raster.ids_hw != 0).all()
    assert told == ["forest street.segforest knows 2 classes"]


def test_a_file_that_is_no_forest_is_told_and_changes_nothing(taught, tmp_path):
    bad = tmp_path / "bad.segforest"
    bad.write_bytes(b"not a forest")
    told = []
    taught.notify.told.connect(lambda notice: told.append(notice.text))
    taught.forest.project.load(bad)
    assert len(told) == 1
    assert "bad.segforest" in told[0]
    assert taught.forest.is_on


def test_doubtful_regions_go_round_and_lie_in_the_image(taught):
    bounds = taught.document.labels.raster.bounds
    first = taught.forest.next_doubtful()
    seen = [first]
    while (region := taught.forest.next_doubtful()) != first:
        seen.append(region)
    assert all(bounds.contains(region) and not region.is_empty for region in seen)
    assert len(set(seen)) == len(seen)


def test_labels_of_other_images_teach_when_it_is_switched_on(opened):
    """A project opened again: what was labelled before is learnt from before anything is painted."""
    document = opened.document
    for class_id in (0, 1):
        ys, xs = np.nonzero(truth_of(0) == class_id)
        paint(document, class_id, Rect(int(xs.min()), int(ys.min()), int(xs.min()) + 30, int(ys.min()) + 20))
    opened.next_image()
    opened.forest.switch(True)
    assert opened.forest.project.images == 1
    assert (opened.document.predictions[FOREST].raster.ids_hw != 0).all()


def test_objects_and_classes_that_the_project_lacks_teach_nothing(opened):
    opened.forest.switch(True)
    with opened.document.begin("odd") as stroke:
        stroke.segment_for_class(77)
        segment = stroke.layer.segments.of_class(77)
        stroke.paint(Rect(0, 0, 10, 10), segment.id)
    assert 77 not in CLASSES.by_id
    assert opened.forest.facts.painted == 0
    assert opened.document.size_hw == SIZE_HW


def test_closing_and_opening_another_folder_forgets(taught, street):
    taught.open_path(street, format="class-id-png", class_set=CLASSES)
    assert taught.forest.is_on
    assert taught.document is not None
    assert taught.forest.facts.patches > 0
