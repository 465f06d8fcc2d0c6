"""Which layers are drawn: predictions, heat map, and whose errors the error map shows."""

from dataclasses import replace

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.render.scene import ErrorLayer, RasterLayer
from segstudio.ui.canvas.scenes import SceneSource
from tests.ui.canvas_stage import CLASSES, HOUSE, ROAD, SIZE_HW, box_object, stage

__all__ = ["stage"]

BLACK = (0, 0, 0)


@pytest.fixture
def prediction(stage):
    """A prediction that says house everywhere, sure on the left, unsure on the right."""
    layer = Layer(prediction_layer("net"), SIZE_HW, locked=True)
    layer.ensure_class_segments(CLASSES)
    layer.raster.writable(layer.raster.bounds)[...] = HOUSE
    layer.confidence_hw = np.full(SIZE_HW, 250, np.uint8)
    layer.confidence_hw[:, 100:] = 10
    stage.document.set_prediction(layer)
    return layer


def layers_of(stage):
    return SceneSource(stage.document).scene(stage.session.view.now, background=BLACK).layers


def drawn_arrays(stage):
    return [layer.numbers_hw for layer in layers_of(stage) if isinstance(layer, RasterLayer)]


def test_layers_are_drawn_in_the_order_of_the_layer_list_its_first_in_front(stage, prediction):
    stage.view(shown={"labels": True, "truth": True})
    rasters = [prediction.raster, stage.document.truth.raster, stage.document.labels.raster]
    shared = [np.shares_memory(a, r.ids_hw) for a, r in zip(drawn_arrays(stage), rasters, strict=True)]
    assert shared == [True, True, True]


def test_hidden_layers_are_not_drawn(stage, prediction):
    stage.view(shown={"labels": False, "truth": False, prediction.name: False})
    assert layers_of(stage) == ()
    stage.view(shown={"labels": True, "truth": True}, overlays_hidden=True)
    assert layers_of(stage) == ()


def test_the_heat_map_shows_the_predictions_confidence(stage, prediction):
    stage.view(heat_map=True)
    (array,) = drawn_arrays(stage)
    assert array is prediction.confidence_hw
    prediction.confidence_hw = None
    assert len(drawn_arrays(stage)) == 2


def error_codes(stage):
    (layer,) = layers_of(stage)
    assert isinstance(layer, ErrorLayer)
    return layer.code(layer.truth_index_hw, layer.labels_index[layer.labels_hw])


def test_errors_are_those_of_the_labels_or_of_the_prediction_where_they_are_hidden(stage, prediction):
    stage.paint(slice(None), slice(0, 50), ROAD)
    stage.view(errors=True)
    codes = error_codes(stage)
    # Truth: house above, road below. Labels: road on the left, nothing on the right.
    assert set(np.unique(codes[:60, :50])) == {4}
    assert set(np.unique(codes[60:, :50])) == {1}
    assert set(np.unique(codes[:, 50:])) == {3}
    stage.view(shown={"labels": False})
    codes = error_codes(stage)
    assert set(np.unique(codes[:60])) == {1}
    assert set(np.unique(codes[60:])) == {4}


def test_errors_of_one_class_are_hits_false_alarms_and_misses(stage):
    stage.paint(slice(30, 90), slice(None), HOUSE)
    stage.view(errors=True, error_class=1)
    codes = error_codes(stage)
    assert [int(codes[row, 0]) for row in (10, 45, 75, 110)] == [3, 1, 2, 0]


def test_errors_follow_the_hand(stage):
    stage.view(errors=True)
    stage.canvas.grab()
    before = stage.canvas.grab().toImage()
    stage.session.view.choose_class(1)
    stage.hand.drag((40, 20), (80, 20))
    at = stage.canvas.to_widget(60, 20).toPoint()
    assert stage.canvas.grab().toImage().pixel(at) != before.pixel(at)


def test_without_classes_nothing_is_compared(stage):
    stage.view(errors=True)
    stage.session.classes.replace(ClassSet("none", ()))
    assert all(isinstance(layer, RasterLayer) for layer in layers_of(stage))


def test_a_changed_colour_is_looked_up_again(stage):
    source = SceneSource(stage.document)
    first = source.scene(stage.session.view.now, background=BLACK).layers[-1]
    again = source.scene(stage.session.view.now, background=BLACK).layers[-1]
    assert again.table is first.table
    stage.session.classes.replace(CLASSES.with_class(replace(CLASSES.classes[0], color=(1, 2, 3))))
    other = source.scene(stage.session.view.now, background=BLACK).layers[-1]
    assert other.table.words[ROAD] != first.table.words[ROAD]


def test_objects_are_drawn_over_the_labels_and_those_step_back(stage):
    stage.put(box_object(1, 10, 10, 20, 20))
    stage.view(mode="objects", fill_style="fill")
    labels, objects = layers_of(stage)
    keep_of_labels = int(labels.table.words[ROAD]) >> 24
    stage.view(mode="semantic")
    assert keep_of_labels > int(layers_of(stage)[0].table.words[ROAD]) >> 24
    assert objects.numbers_hw.shape == SIZE_HW
    assert Rect.of_size(*SIZE_HW).contains(Rect.of_mask(objects.numbers_hw))
