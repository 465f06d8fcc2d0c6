"""A painted scene is the same everywhere, and its photo, labels, instances and polygons say the same thing."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image, ImageDraw

from segstudio.core.class_set import ClassSet
from segstudio.workflows.toytown import paint_scene
from segstudio.workflows.toytown.camera import Rectangle, faces_viewer, frustum, normal_of
from segstudio.workflows.toytown.chance import Chance
from segstudio.workflows.toytown.classes import CAR, NAMES, POLE, THINGS
from segstudio.workflows.toytown.dataset import IMAGES, SEED, split_of

SMALL = {"width": 256, "height": 128}

# SHA-256 of class ids and instance numbers of small renderings, painted once on x86-64 Linux.
LABEL_HASHES = {
    0: "a49fe8faf04ea0fe0bcfff1a2974dd0cef8b1fd52dc84def15331d1441e5258a",
    4: "71c6b192e41bccae285464adaebaae92b5114e89aeda1f854d0763a215473fbf",
    5: "6ae1bed75b2c35969e52e2085a2a25ea2fdf08d3882287bea100285c3707924a",
    64: "3c36945d0519a2d2ff4020cfa8481c8acc03494af8c3dac13e8016d1ae322a0f",
}

# Mean red, green, blue of the left half, the right half, the upper and the lower half of the same renderings.
PHOTO_MEANS = {
    0: [[160.82, 145.91, 138.43], [152.1, 140.37, 135.43], [187.95, 174.38, 168.52], [124.97, 111.9, 105.35]],
    4: [[92.83, 77.18, 85.59], [99.53, 84.09, 81.56], [99.4, 82.77, 80.82], [92.96, 78.5, 86.33]],
    5: [[118.7, 118.3, 115.61], [125.43, 132.94, 133.74], [138.6, 143.02, 139.32], [105.52, 108.21, 110.02]],
    64: [[101.36, 94.61, 102.67], [127.51, 108.11, 104.79], [147.76, 128.27, 126.49], [81.11, 74.45, 80.96]],
}


@pytest.fixture(scope="module")
def scene():
    return paint_scene(SEED, 64)


@pytest.fixture(scope="module")
def town():
    """Some scenes of both splits, small, by number."""
    return {number: paint_scene(SEED, number, **SMALL) for number in (*range(20), *range(64, 78))}


def _label_hash(scene):
    digest = hashlib.sha256(scene.class_hw.tobytes())
    digest.update(scene.instance_hw.astype("<u2").tobytes())
    return digest.hexdigest()


def _halves(image_hwc):
    height, width = image_hwc.shape[:2]
    parts = image_hwc[:, : width // 2], image_hwc[:, width // 2 :], image_hwc[: height // 2], image_hwc[height // 2 :]
    return [part.reshape(-1, 3).mean(axis=0) for part in parts]


@pytest.mark.parametrize("number", LABEL_HASHES)
def test_labels_are_the_stored_ones_to_the_bit(number, town):
    assert _label_hash(town[number]) == LABEL_HASHES[number]


@pytest.mark.parametrize("number", PHOTO_MEANS)
def test_photo_is_the_stored_one_but_for_rounding(number, town):
    assert np.abs(np.array(_halves(town[number].image_hwc)) - PHOTO_MEANS[number]).max() < 1.0


def test_painting_again_gives_the_same_photo_and_another_number_or_seed_another_scene(town):
    again = paint_scene(SEED, 7, **SMALL)
    assert np.array_equal(again.image_hwc, town[7].image_hwc)
    assert np.array_equal(again.class_hw, town[7].class_hw)
    others = paint_scene(SEED + 1, 7, **SMALL), town[18]
    assert all((other.class_hw != again.class_hw).mean() > 0.1 for other in others)


def test_scene_has_the_promised_shapes_and_types(scene):
    assert (scene.image_hwc.shape, scene.image_hwc.dtype) == ((512, 1024, 3), np.uint8)
    assert (scene.class_hw.shape, scene.class_hw.dtype) == ((512, 1024), np.uint8)
    assert (scene.instance_hw.shape, scene.instance_hw.dtype) == ((512, 1024), np.uint16)


def test_things_are_numbered_from_one_without_gaps_and_stuff_is_not(scene):
    for class_id in np.unique(scene.class_hw):
        numbers = np.unique(scene.instance_hw[scene.class_hw == class_id])
        expected = np.arange(1, numbers.size + 1) if int(class_id) in THINGS else [0]
        assert np.array_equal(numbers, expected), NAMES[int(class_id)]


def test_polygons_drawn_in_order_give_the_labels(scene):
    """Draws as the public Cityscapes scripts do, with Pillow."""
    ids = {name: class_id for class_id, name in NAMES.items()}
    drawn = Image.new("L", (1024, 512), 0)
    pencil = ImageDraw.Draw(drawn)
    for polygon in scene.polygons:
        pencil.polygon([tuple(point) for point in polygon.points_xy], fill=ids[polygon.label])
    assert (np.asarray(drawn) == scene.class_hw).mean() > 0.985


def test_every_visible_thing_has_exactly_one_polygon_and_no_hidden_one_has(town):
    for scene in list(town.values())[:12]:
        for class_id in THINGS:
            outlines = sum(polygon.label == NAMES[class_id] for polygon in scene.polygons)
            assert outlines == scene.instance_hw[scene.class_hw == class_id].max(initial=0)


def test_labels_lie_on_what_is_painted(scene):
    """Across the labelled border of a car the photo changes more than beside it."""
    gray = scene.image_hwc.astype(float).mean(axis=2)
    step = np.abs(np.diff(gray, axis=1))
    is_car = scene.class_hw == CAR
    border = is_car[:, 1:] != is_car[:, :-1]
    beside = np.roll(border, 6, axis=1) & ~border
    assert step[border].mean() > 3 * step[beside].mean()


def test_the_town_has_every_class_in_both_splits_and_ignored_pixels(town):
    class_set = ClassSet.load("toytown")
    for split in ("train", "val"):
        scenes = [scene for number, scene in town.items() if split_of(number, IMAGES) == split]
        seen = {int(class_id) for scene in scenes for class_id in np.unique(scene.class_hw)}
        assert {label.id for label in class_set.evaluated} <= seen <= {label.id for label in class_set.classes}
        assert any(label.id in seen for label in class_set.classes if label.is_ignored)


def test_the_town_has_small_and_thin_things(town):
    pixels = [
        int(((scene.class_hw == class_id) & (scene.instance_hw == number)).sum())
        for scene in list(town.values())[:8]
        for class_id in THINGS
        for number in range(1, int(scene.instance_hw[scene.class_hw == class_id].max(initial=0)) + 1)
    ]
    assert min(pixels) < 8 < 500 < max(pixels)
    runs = [np.diff(np.flatnonzero(np.diff(np.pad(row == POLE, 1).astype(int)))[::1])[::2] for row in town[0].class_hw]
    assert np.median(np.concatenate(runs)) <= 3


def test_photos_differ_in_light(town):
    means = np.array([town[number].image_hwc.mean() for number in range(11)])
    assert means.max() - means.min() > 55


def test_class_set_is_the_painters_and_the_cityscapes_numbers():
    class_set, cityscapes = ClassSet.load("toytown"), ClassSet.load("cityscapes")
    assert {label.id: label.name for label in class_set.classes} == NAMES
    assert [label.train_id for label in class_set.evaluated] == list(range(class_set.num_classes))
    for label in class_set.classes:
        same = cityscapes.by_id[label.id]
        assert (label.name, label.color) == (same.name, same.color)
        assert label.is_thing == (label.id in THINGS)


def test_chance_is_the_guaranteed_stream_of_pcg64():
    """The first words of PCG64 seeded by SeedSequence((1, 2)), as numpy's compatibility policy fixes them."""
    words = np.random.PCG64(np.random.SeedSequence((1, 2))).random_raw(3)
    chance = Chance(1, 2)
    assert [chance.unit() for _ in range(3)] == [int(word >> np.uint64(11)) / 2**53 for word in words]
    many = Chance(3).units(20_000)
    assert abs(many.mean() - 0.5) < 0.01
    assert abs(many.std() - 12**-0.5) < 0.01
    assert {Chance(4, k).whole(2, 5) for k in range(60)} == {2, 3, 4}
    assert Chance(5).fork().unit() != Chance(5).unit()


def test_faces_of_a_box_look_outward():
    box = frustum(Rectangle(-1, 1, 4, 6, 0), Rectangle(-1, 1, 4, 6, 2))
    outward = {"rear": (0, 0, -1), "front": (0, 0, 1), "left": (-1, 0, 0), "right": (1, 0, 0), "top": (0, 1, 0)}
    for name, normal in outward.items():
        assert np.allclose(normal_of(box[name]), normal), name
    assert faces_viewer(np.array([[0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]))
    assert not faces_viewer(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))
