"""Labels carried to other images: kept on disk, undone there, and never over what is there."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.rle import mask_shape
from segstudio.ops.shapes import mask_of
from segstudio.session import Session
from segstudio.session.edits import onward
from segstudio.session.jobs import SyncJobs
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES

SIZE_HW = (120, 160)
STEP = 7


@pytest.fixture
def moving(tmp_path):
    """Four pictures of a textured square that goes 7 pixels to the right each time, before a still ground."""
    root = tmp_path / "moving"
    (root / "images").mkdir(parents=True)
    (root / "labels").mkdir()
    rng = np.random.default_rng(1)
    ground = cv2.GaussianBlur(rng.integers(0, 256, (*SIZE_HW, 3), dtype=np.uint8), (0, 0), 2)
    ground = cv2.normalize(ground, None, 0, 120, cv2.NORM_MINMAX)
    thing = cv2.GaussianBlur(rng.integers(0, 256, (40, 40, 3), dtype=np.uint8), (0, 0), 2)
    thing = cv2.normalize(thing, None, 60, 255, cv2.NORM_MINMAX)
    for number in range(4):
        picture = ground.copy()
        picture[40:80, 40 + STEP * number : 80 + STEP * number] = thing
        cv2.imwrite(str(root / "images" / f"frame_{number}.png"), picture)
        cv2.imwrite(str(root / "labels" / f"frame_{number}.png"), np.zeros(SIZE_HW, np.uint8))
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    session.open_path(root, format="class-id-png", class_set=CLASSES)
    yield session
    session.close()


def square(number, x, **more):
    ring = np.array([(x, 40), (x + 40, 40), (x + 40, 80), (x, 80)], float)
    return SegObject(number, 2, PolygonShape.of(ring), **more)


def put(session, *items):
    with session.document.begin("put") as stroke:
        for item in items:
            stroke.put_object(item)


def stored(session, index):
    """The objects of an image as a reader of the project finds them."""
    annotation = session.project.load(session.images[index].key, LABELS)
    return list(annotation.objects) if annotation is not None else []


def pixels(item):
    from segstudio.core.geometry import Rect

    return mask_of(item.shape, Rect.of_size(*SIZE_HW), SIZE_HW)


def iou(item, x):
    expected = np.zeros(SIZE_HW, bool)
    expected[40:80, x : x + 40] = True
    found = pixels(item)
    return (found & expected).sum() / (found | expected).sum()


def test_a_copy_is_kept_in_the_next_image_and_can_be_undone_there(moving):
    put(moving, square(1, 40, attributes={"a": 1}))
    arrived = []
    onward.copy_on(moving, [1], arrived.extend)
    assert [(a.key, a.added) for a in arrived] == [(moving.images[1].key, [1])]
    assert moving.index == 0
    (copy,) = stored(moving, 1)
    assert copy.shape == square(1, 40).shape
    assert copy.attributes == {"a": 1}
    assert moving.images.badge(1).status == "labelled"
    moving.go(1)
    assert [edit.name for edit in moving.document.history.undoable] == ["copy from before"]
    moving.undo()
    assert len(moving.document.labels.objects) == 0
    assert stored(moving, 1) == []


@pytest.mark.parametrize("form", ["polygon", "mask"])
def test_propagating_follows_the_picture_over_several_images(moving, form):
    item = square(1, 40)
    put(moving, item if form == "polygon" else replace(item, shape=mask_shape(pixels(item), size_hw=SIZE_HW)))
    arrived = []
    onward.propagate(moving, [1], arrived.extend, images=3)
    assert len(arrived) == 3
    for number in (1, 2, 3):
        (found,) = stored(moving, number)
        assert iou(found, 40 + STEP * number) > 0.85
        assert iou(found, 40) < iou(found, 40 + STEP * number)


def test_without_flow_it_stays_where_it_was(moving):
    put(moving, square(1, 40))
    onward.propagate(moving, [1], lambda _: None, images=9, with_flow=False)
    for number in (1, 2, 3):
        (found,) = stored(moving, number)
        assert found.shape == square(1, 40).shape


def test_what_a_person_drew_stays_and_lies_in_front(moving):
    moving.go(1)
    own = square(5, 48, z=2)
    other = replace(square(6, 44, z=-3), class_id=1)
    put(moving, own, other)
    moving.go(0)
    put(moving, square(1, 40), replace(square(2, 90), class_id=1))
    arrived = []
    onward.propagate(moving, [1, 2], arrived.extend)
    assert (arrived[0].known, len(arrived[0].added)) == (1, 1)
    found = {item.id: item for item in stored(moving, 1)}
    assert found[5] == own
    assert found[6] == other
    assert min(found.values(), key=lambda item: item.z).id == arrived[0].added[0]


def test_what_goes_out_of_view_is_left_out(moving):
    put(moving, square(1, 40), square(2, 200))
    arrived = []
    onward.propagate(moving, [1, 2], arrived.extend)
    assert arrived[0].lost == 1
    assert len(stored(moving, 1)) == 1


def test_each_image_gets_one_step_that_undo_takes_back_whole(moving):
    put(moving, square(1, 40), square(2, 100))
    onward.propagate(moving, [1, 2], lambda _: None, images=2)
    for number in (1, 2):
        moving.go(number)
        assert [edit.name for edit in moving.document.history.undoable] == ["propagate"]
        assert moving.document.history.undoable[0].provenance["from"] == moving.images[0].key
        moving.undo()
        assert len(moving.document.labels.objects) == 0
        moving.redo()
        assert len(moving.document.labels.objects) == 2


@pytest.mark.parametrize("in_parts", [False, True])
def test_labels_fill_only_what_is_unlabelled_there(moving, monkeypatch, in_parts):
    calls = []
    if in_parts:
        monkeypatch.setattr("segstudio.session.turns._TURN_SECONDS", 0.0)
        monkeypatch.setattr("segstudio.session.edits.landing.AT_ONCE", 1000)
        monkeypatch.setattr("segstudio.session.edits.landing.TILE", 32)
        moving.turns.bind(calls.append)
    moving.go(1)
    with moving.document.begin("own") as stroke:
        mask_hw = np.zeros(SIZE_HW, bool)
        mask_hw[30:60, 60:70] = True
        stroke.paint(stroke.layer.raster.bounds, stroke.segment_for_class(0), mask_hw=mask_hw)
    moving.go(0)
    with moving.document.begin("square") as stroke:
        stroke.paint(stroke.layer.raster.bounds, stroke.segment_for_class(2), mask_hw=pixels(square(1, 40)))
    arrived = []
    moving.turns.finish()
    onward.propagate_labels(moving, arrived.extend)
    assert bool(arrived) is not in_parts
    moving.turns.finish()
    moving.go(1)
    labels = moving.document.labels
    classes = labels.segments.class_lut()[labels.raster.ids_hw]
    assert (classes[mask_hw] == 0).all()
    expected = pixels(square(1, 40 + STEP)) & ~mask_hw
    found = classes == 2
    assert (found & expected).sum() / (found | expected).sum() > 0.8
    assert arrived[0].pixels == found.sum()


def test_a_person_who_went_there_meanwhile_loses_nothing(moving, monkeypatch):
    """The worker's answer comes home after the next image was opened, edited and left."""
    put(moving, square(1, 40))
    waiting = []
    submit = moving.jobs.submit

    def later(work, *, done, failed, **more):
        return submit(work, done=lambda result: waiting.append(lambda: done(result)), failed=failed, **more)

    monkeypatch.setattr(moving.jobs, "submit", later)
    onward.propagate(moving, [1], lambda _: None)
    monkeypatch.setattr(moving.jobs, "submit", submit)
    moving.go(1)
    put(moving, square(9, 100))
    moving.go(2)
    waiting[0]()
    assert {item.id for item in stored(moving, 1)} == {9, 10}
    moving.go(1)
    assert [edit.name for edit in moving.document.history.undoable] == ["put", "propagate"]
    moving.undo()
    moving.undo()
    assert len(moving.document.labels.objects) == 0


def test_there_must_be_a_next_image(moving):
    moving.go(3)
    put(moving, square(1, 40))
    for call in (onward.copy_on, onward.propagate):
        with pytest.raises(UserError, match="no next image"):
            call(moving, [1], lambda _: None)
