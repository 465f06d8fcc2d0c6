"""TIDE's kinds over the data set: what is counted is what is stored of the layer, and another layer forgets it."""

from __future__ import annotations

import numpy as np
import pytest

from segstudio.core.layer import Annotation, prediction_layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.metrics.instance_errors import InstanceError
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.object_errors import ObjectErrors
from tests.session.conftest import SIZE_HW


def box(object_id: int, class_id: int, x: int, y: int, wide: int, high: int, score: float) -> SegObject:
    ring = np.array([[x, y], [x + wide, y], [x + wide, y + high], [x, y + high]], np.float64)
    return SegObject(object_id, class_id, PolygonShape.of(ring), score=score)


@pytest.fixture
def errors(opened):
    """The cars of the truth lie at x = 10, 20, 30: found twice, misplaced, and missed with a detection elsewhere."""
    opened.project.add_run("net", model="net")
    rows = (
        [box(1, 2, 10, 35, 20, 10, 0.9), box(2, 2, 10, 35, 20, 9, 0.8)],
        [box(1, 2, 32, 35, 20, 10, 0.9)],
        [box(1, 2, 2, 2, 8, 8, 0.9)],
    )
    for item, objects in zip(opened.images, rows, strict=True):
        annotation = Annotation(SIZE_HW, objects=tuple(objects))
        opened.project.save_annotation(item.key, prediction_layer("net"), annotation, locked=True, run="net")
    inspection = Inspection(opened)
    inspection.start()
    inspection.choose(prediction_layer("net"))
    return ObjectErrors(inspection)


def test_each_wrong_object_is_of_its_kind(errors) -> None:
    errors.count()
    counts = errors.found.counts()
    assert errors.num_images == 3
    assert counts[InstanceError.DUPLICATE] == 1
    assert counts[InstanceError.LOCALIZATION] == 1
    assert counts[InstanceError.BACKGROUND] == 1
    assert counts[InstanceError.MISSED] == 1
    assert 0 < errors.found.ap50 < 1
    assert errors.found.gains[InstanceError.LOCALIZATION] > 0


def test_another_layer_forgets_what_was_found(errors) -> None:
    errors.count()
    errors._inspection.choose("labels")
    assert errors.found is None
