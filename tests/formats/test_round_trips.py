"""Every writer against its reader, on labels that nobody thought of: what the format can hold comes back exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonPart, PolygonShape, SegObject
from segstudio.core.segments import SegmentTable
from segstudio.formats.rasters import has_raster
from segstudio.ops import rle
from segstudio.ops.shapes import mask_of

quick = settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
SIZE_HW = (9, 12)
NAMES = ClassSet.of_names(["car", "traffic light", "rue des élèves", "a:b, c", "x/y"], first_id=1)
RASTER_SETS = {"class-id-png": "cityscapes", "voc": "voc", "ade20k": "ade20k", "coco-panoptic": "coco-panoptic"}


def rasters(class_set):
    """(class ids, instance numbers) of an image; things have instances."""
    ids = [c.id for c in class_set.classes if c.id >= 0 and not c.is_ignored][:6]
    ids += [c.id for c in class_set.classes if c.is_thing and c.id not in ids][:3]
    shape = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
    return shape.flatmap(
        lambda size: st.tuples(
            hnp.arrays(np.int64, size, elements=st.sampled_from(ids)),
            hnp.arrays(np.int64, size, elements=st.integers(0, 3)),
        )
    )


def annotation_of(class_hw, number_hw, class_set):
    from segstudio.formats.paired_rasters import annotation_of_pairs

    return annotation_of_pairs(class_hw, number_hw, class_set, where="test", void=frozenset())


def dataset_of(annotation, class_set, folder, name="images"):
    picture = folder / "pic 1.png"
    Image.fromarray(np.zeros((*annotation.size_hw, 3), np.uint8)).save(picture)
    item = ImageItem("pic 1", picture, annotation.size_hw, read_annotation=lambda: annotation)
    return Dataset("d", Path(folder), name, class_set, [item])


def back(dataset, folder, name, **options):
    formats.write(dataset, folder / "out", name, **options)
    read = formats.read(folder / "out", name, class_set=dataset.class_set if name == "coco-results" else None)
    (item,) = read.images
    return item.read_annotation(), read.class_set


def regions(annotation, *, with_instances):
    """The partition that a raster makes: frozenset of (class, pixels) of every segment."""
    table = {s.id: s for s in annotation.segments}
    found = {}
    for value in np.unique(annotation.labels_hw).tolist():
        segment = table.get(value)
        key = (segment.class_id, segment.instance if with_instances else 0) if segment else None
        found.setdefault(key, []).append(np.flatnonzero(annotation.labels_hw == value))
    return {(key[0] if key else None, tuple(sorted(np.concatenate(parts).tolist()))) for key, parts in found.items()}


@pytest.mark.parametrize("name", RASTER_SETS)
def test_every_class_of_every_pixel_comes_back(name, tmp_path_factory):
    class_set = ClassSet.load(RASTER_SETS[name])

    @quick
    @given(rasters(class_set))
    def check(arrays):
        before = annotation_of(*arrays, class_set)
        after, _ = back(dataset_of(before, class_set, tmp_path_factory.mktemp("r")), tmp_path_factory.mktemp("o"), name)
        luts = [SegmentTable(a.segments).class_lut(unknown=-9) for a in (before, after)]
        assert np.array_equal(luts[0][before.labels_hw], luts[1][after.labels_hw])

    check()


@pytest.mark.parametrize("name", ["voc", "cityscapes"])
def test_every_instance_comes_back(name, tmp_path_factory):
    class_set = ClassSet.load(name)

    @quick
    @given(rasters(class_set))
    def check(arrays):
        class_hw, number_hw = arrays
        before = annotation_of(class_hw, number_hw, class_set)
        after, _ = back(dataset_of(before, class_set, tmp_path_factory.mktemp("r")), tmp_path_factory.mktemp("o"), name)
        assert regions(before, with_instances=True) == regions(after, with_instances=True)

    check()


coordinates = st.floats(-3, 15, allow_nan=False, width=32).map(float)
rings = st.lists(st.tuples(coordinates, coordinates), min_size=3, max_size=7).filter(
    lambda ring: ring[0] != ring[-1] and len(set(ring)) > 2
)
part = st.builds(lambda ring: PolygonPart(np.array(ring, np.float64)), rings)
polygons = st.lists(part, min_size=1, max_size=3).map(lambda parts: PolygonShape(tuple(parts)))
masks = hnp.arrays(np.bool_, SIZE_HW).filter(lambda m: m.any()).map(lambda m: rle.mask_shape(m, size_hw=SIZE_HW))
objects = st.lists(
    st.tuples(st.sampled_from(list(NAMES.by_id)), st.one_of(polygons, masks)), min_size=1, max_size=5
).map(lambda rows: tuple(SegObject(i, class_id, shape) for i, (class_id, shape) in enumerate(rows, 1)))


def drawn(annotation):
    whole = Rect.of_size(*annotation.size_hw)
    return [mask_of(o.shape, whole, annotation.size_hw) for o in annotation.objects]


def names_of(annotation, class_set):
    return [class_set.by_id[o.class_id].name for o in annotation.objects]


@pytest.mark.parametrize("name", ["coco-instances", "labelme", "cvat", "coco-results"])
def test_every_object_comes_back(name, tmp_path_factory):
    @quick
    @given(objects)
    def check(found):
        before = Annotation(SIZE_HW, objects=found)
        folder = tmp_path_factory.mktemp("r")
        options = {"segmentation": "auto"} if name == "coco-results" else {"images": "copy"}
        after, class_set = back(dataset_of(before, NAMES, folder), tmp_path_factory.mktemp("o"), name, **options)
        assert names_of(after, class_set) == names_of(before, NAMES)
        if after.size_hw == SIZE_HW:  # results do not say it
            assert all(map(np.array_equal, drawn(before), drawn(after)))
        for old, new in zip(before.objects, after.objects, strict=True):
            if isinstance(old.shape, PolygonShape):
                assert old.shape == new.shape

    check()


@quick
@given(objects)
def test_yolo_gives_the_same_outlines_from_its_second_writing_on(tmp_path_factory, found):
    folder = tmp_path_factory.mktemp("r")
    first, first_set = back(
        dataset_of(Annotation(SIZE_HW, objects=found), NAMES, folder), tmp_path_factory.mktemp("a"), "yolo-seg"
    )
    assert not has_raster(first)
    second, _ = back(dataset_of(first, first_set, folder), tmp_path_factory.mktemp("b"), "yolo-seg")
    assert [o.class_id for o in first.objects] == [o.class_id for o in second.objects]
    for one, two in zip(first.objects, second.objects, strict=True):
        assert len(one.shape.parts) == len(two.shape.parts)
        for a, b in zip(one.shape.parts, two.shape.parts, strict=True):
            assert np.allclose(a.exterior_xy, b.exterior_xy, atol=1e-7)
