"""Snapping, interpolating, refining and cutting out: one edit each, nothing where nothing is to be done, killable."""

import threading
import time

import numpy as np
import pytest

from segstudio.core.errors import Cancelled, UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ops.grabcut import cut_out
from segstudio.ops.rle import mask_shape
from segstudio.ops.shapes import mask_of
from segstudio.render.pyramid import Pyramid
from segstudio.session.edits.cut_child import CutChild
from segstudio.session.edits.interpolating import interpolate
from segstudio.session.edits.refining import Refining
from segstudio.session.edits.snap_boundary import snap_objects, snap_region
from tests.session.conftest import SIZE_HW, opened, session, street

__all__ = ["opened", "session", "street"]

SIGN = np.zeros(SIZE_HW, bool)
SIGN[15:45, 30:60] = True


def box_polygon(x0, y0, x1, y1):
    return PolygonShape.of(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float))


@pytest.fixture
def sign(opened):
    """The open picture is a light sign on a dark wall."""
    image = np.where(SIGN[..., None], (220, 200, 60), (60, 60, 70)).astype(np.uint8)
    opened.document.pyramid = Pyramid(image)
    return opened


def put(document, *items):
    with document.begin("put") as stroke:
        for item in items:
            stroke.put_object(item)


def names(document):
    return [edit.name for edit in document.history.undoable]


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def test_objects_of_both_kinds_find_the_sign_and_keep_their_kind(sign):
    document = sign.document
    rough = np.zeros(SIZE_HW, bool)
    rough[17:44, 27:58] = True
    put(
        document,
        SegObject(1, 2, box_polygon(33, 12, 63, 42)),
        SegObject(2, 2, mask_shape(rough, size_hw=SIZE_HW, at=Rect.of_size(*SIZE_HW))),
    )
    before = [document.labels.objects.get(key) for key in (1, 2)]
    assert snap_objects(document, [1, 2, 99]) == 2
    assert names(document)[-1] == "snap to the image"
    for old in before:
        new = document.labels.objects.get(old.id)
        assert type(new.shape) is type(old.shape)
        found, rough_hw = (mask_of(item.shape, Rect.of_size(*SIZE_HW), SIZE_HW) for item in (new, old))
        assert iou(found, SIGN) > 0.93 > iou(rough_hw, SIGN)
    sign.undo()
    assert [document.labels.objects.get(key) for key in (1, 2)] == before


def test_a_region_of_the_raster_finds_the_sign_and_leaves_no_gap(sign):
    document = sign.document
    with document.begin("paint") as stroke:
        stroke.paint(Rect(0, 0, 90, 60), stroke.segment_for_class(0))
        stroke.paint(Rect(33, 12, 63, 42), stroke.segment_for_class(2))
    before = document.labels.raster.ids_hw.copy()
    assert snap_region(document, (45.5, 30.5))
    ids = document.labels.raster.ids_hw
    assert (ids != 0).all()
    assert iou(ids == document.labels.segments.of_class(2).id, SIGN) > 0.93
    sign.undo()
    assert np.array_equal(document.labels.raster.ids_hw, before)


def test_snapping_nothing_is_no_edit(sign):
    document = sign.document
    assert not snap_region(document, (5.5, 5.5))
    assert not snap_region(document, (-5, 500))
    assert snap_objects(document, [4]) == 0
    assert names(document) == []


def test_the_images_between_two_key_frames_are_filled(opened):
    """The object moves 20 pixels over two images; half way it is half way."""
    put(opened.document, SegObject(5, 2, box_polygon(10, 20, 30, 40)))
    opened.go(2)
    put(opened.document, SegObject(5, 2, box_polygon(30, 20, 50, 40)))
    opened.go(0)
    told = []
    interpolate(opened, 5, lambda filled, key: told.append((filled, key)))
    assert [filled for filled, _ in told] == [1]
    opened.go(1)
    (item,) = list(opened.document.labels.objects)
    assert item.class_id == 2
    assert item.attributes["interpolated"] is True
    middle = np.zeros(SIZE_HW, bool)
    middle[20:40, 20:40] = True
    assert iou(mask_of(item.shape, Rect.of_size(*SIZE_HW), SIZE_HW), middle) > 0.95
    opened.undo()
    assert not len(opened.document.labels.objects)


def test_without_another_key_frame_nothing_is_filled(opened):
    put(opened.document, SegObject(5, 2, box_polygon(10, 20, 30, 40)))
    told = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    interpolate(opened, 5, lambda filled, key: pytest.fail("filled"))
    assert told == ["none of the next 2 images has the object"]
    with pytest.raises(UserError, match="no object"):
        interpolate(opened, 9, lambda filled, key: None)


@pytest.fixture
def predicted(sign):
    """A prediction of the sign that is some pixels off."""
    layer = Layer(prediction_layer("net"), SIZE_HW, locked=True)
    layer.ensure_class_segments(sign.classes.current)
    layer.raster.writable(Rect.of_size(*SIZE_HW))[...] = 1
    layer.raster.writable(Rect(31, 16, 61, 46))[...] = 3
    sign.document.set_prediction(layer)
    return sign


@pytest.mark.parametrize("method", ["guided", "crf"])
def test_a_refined_prediction_is_a_layer_of_its_own(predicted, method):
    document = predicted.document
    source = document.predictions["prediction:net"]
    before = source.raster.ids_hw.copy()
    refining = Refining(predicted, "prediction:net")
    refining.preview(0.7, method)
    refined = document.predictions["prediction:net refined"]
    assert refined.locked
    assert iou(refined.raster.ids_hw == 3, SIGN) > iou(before == 3, SIGN)
    assert np.array_equal(source.raster.ids_hw, before)
    assert predicted.view.now.shown["prediction:net refined"]
    assert names(document) == []
    refining.keep()
    assert "prediction:net refined" in document.predictions


def test_a_dropped_refinement_leaves_everything_as_it_was(predicted):
    document = predicted.document
    shown = dict(predicted.view.now.shown)
    refining = Refining(predicted, "prediction:net")
    refining.preview(0.5, "guided")
    refining.drop()
    assert list(document.predictions) == ["prediction:net"]
    assert predicted.view.now.shown == shown
    with pytest.raises(UserError, match="no prediction"):
        Refining(predicted, "prediction:other")
    with pytest.raises(UserError, match="no prediction"):
        Refining(predicted, None)


def test_a_preview_that_comes_after_another_image_is_not_shown(predicted):
    refining = Refining(predicted, "prediction:net")
    predicted.go(1)
    refining.preview(0.5, "guided")
    refining.drop()
    assert "prediction:net refined" not in predicted.document.predictions


def sign_picture():
    noise = np.random.default_rng(0).integers(-8, 9, (120, 160, 3))
    inside = np.zeros((120, 160), bool)
    inside[40:90, 50:110] = True
    return np.clip(np.where(inside[..., None], (210, 60, 50), (90, 100, 95)) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("box", [Rect(40, 30, 120, 100), Rect(-20, 30, 120, 400), Rect(40, 30, 41, 31)])
def test_the_process_cuts_out_what_the_function_does(box):
    image = sign_picture()
    marks = np.zeros((box.height, box.width), bool)
    marks[-10:, -10:] = True
    for more in ({}, {"background_hw": marks}):
        rect, mask = CutChild().cut(image, box, **more)
        expected, expected_mask = cut_out(image, box, **more)
        assert rect == expected
        assert np.array_equal(mask, expected_mask)


def test_a_box_outside_or_without_area_gives_nothing():
    for box in (Rect(500, 500, 600, 600), Rect(10, 10, 10, 40)):
        rect, mask = CutChild().cut(sign_picture(), box)
        assert rect.is_empty
        assert not mask.size


def test_a_killed_process_is_cancelled_at_once_and_for_good():
    image = np.random.default_rng(0).integers(0, 256, (512, 512, 3), dtype=np.uint8)
    child = CutChild()
    outcome = []

    def ask():
        try:
            outcome.append(child.cut(image, Rect(10, 10, 500, 500)))
        except Cancelled as cancelled:
            outcome.append(cancelled)

    worker = threading.Thread(target=ask)
    worker.start()
    time.sleep(0.05)
    child.kill()
    worker.join(timeout=10)
    assert isinstance(outcome[0], Cancelled)
    with pytest.raises(Cancelled):
        child.cut(image, Rect(10, 10, 500, 500))
    unused = CutChild()
    unused.kill()
    unused.kill()
