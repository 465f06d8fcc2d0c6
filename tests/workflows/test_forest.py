"""The forest answers as scikit-learn's own does, survives its file bit by bit, and refuses every other file."""

import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.errors import UserError
from segstudio.ops.forest_features import FAMILIES
from segstudio.workflows.forest import MAX_DEPTH, Forest
from segstudio.workflows.forest_session import NOTHING, ForestSession, thinned
from segstudio.workflows.toytown import paint_scene

ensemble = pytest.importorskip("sklearn.ensemble")


def samples(count=200, classes=5, seed=0):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(count, len(FAMILIES))).astype(np.float32)
    return features, (rng.integers(0, classes, count) * 3 - 1).astype(np.int32)


def small_forest():
    return Forest.fit(*samples(60, 3), trees=4)


@pytest.mark.parametrize("classes", [1, 2, 19, 255])
def test_walking_the_arrays_gives_the_probabilities_of_scikit_learn(classes):
    features, class_ids = samples(600, classes)
    ours = Forest.fit(features, class_ids, trees=10, seed=3)
    theirs = ensemble.ExtraTreesClassifier(10, max_depth=MAX_DEPTH, max_features="sqrt", random_state=3)
    theirs.fit(features, class_ids)
    others, _ = samples(500, seed=9)
    assert ours.class_ids.tolist() == theirs.classes_.tolist()
    assert np.allclose(ours.predict(others), theirs.predict_proba(others), atol=1e-5)


def test_a_saved_forest_is_the_same_forest(tmp_path):
    forest = small_forest()
    path = tmp_path / "street.segforest"
    forest.save(path)
    again = Forest.load(path)
    features, _ = samples(100, seed=4)
    assert np.array_equal(again.predict(features), forest.predict(features))
    assert [p.name for p in tmp_path.iterdir()] == ["street.segforest"]


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("code from a file was run",))


def test_a_file_with_code_is_refused_and_nothing_runs(tmp_path):
    plain = tmp_path / "a.segforest"
    plain.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(UserError, match="not a forest"):
        Forest.load(plain)
    packed = tmp_path / "b.segforest"
    with packed.open("wb") as file:
        np.savez(file, format=np.array([Bomb()], object))
    with pytest.raises(UserError, match="not a forest"):
        Forest.load(packed)


def test_missing_empty_and_foreign_files_are_refused_in_one_line(tmp_path):
    for name, content in (("missing", None), ("empty", b""), ("text", b"hello"), ("zip", None)):
        path = tmp_path / name
        if name == "zip":
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("x.txt", "hello")
        elif content is not None:
            path.write_bytes(content)
        with pytest.raises(UserError) as refused:
            Forest.load(path)
        assert str(path) in str(refused.value)
        assert "\n" not in str(refused.value)


@given(st.data())
def test_damaged_arrays_are_refused_or_harmless(tmp_path_factory, data):
    """Any one number of the file changed: it loads and answers with finite numbers, or it is refused."""
    forest = small_forest()
    arrays = {name: getattr(forest, name).copy() for name in Forest.__slots__}
    name = data.draw(st.sampled_from(sorted(arrays)))
    flat = arrays[name].reshape(-1)
    place = data.draw(st.integers(0, flat.size - 1))
    flat[place] = data.draw(st.sampled_from([-1, 0, 1, 7, 2**20, -(2**20), 2**31 - 1]))
    path = tmp_path_factory.mktemp("damaged") / "f.segforest"
    Forest(**arrays).save(path)
    features, _ = samples(20, seed=2)
    try:
        answer = Forest.load(path).predict(features)
    except UserError:
        return
    assert np.isfinite(answer).all()


def test_thinning_keeps_every_class():
    class_ids = np.array([1] * 1000 + [2] * 3 + [3] * 200, np.int32)
    kept = class_ids[thinned(class_ids, 50)]
    assert len(kept) == 50
    assert (kept == 2).sum() == 3


def test_nothing_painted_means_nothing_known():
    session = ForestSession(np.zeros((20, 30, 3), np.uint8))
    class_ids, confidence = session.predict()
    assert (class_ids == NOTHING).all()
    assert not confidence.any()


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (50, 1), (2, 2), (17, 90)])
@pytest.mark.parametrize("refine", [False, True])
def test_odd_and_constant_pictures_are_answered_for(size_hw, refine):
    for image in (np.full((*size_hw, 3), 9, np.uint8), np.random.default_rng(0).integers(0, 256, (*size_hw, 3))):
        session = ForestSession(image.astype(np.uint8))
        session.paint([(0.5, 0.5)], 4, radius=0.5)
        session.paint([(size_hw[1] - 0.5, size_hw[0] - 0.5)], -1, radius=0.5)
        class_ids, confidence = session.predict(refine=refine)
        assert class_ids.shape == confidence.shape == size_hw
        assert set(np.unique(class_ids)) <= {4, -1}
        assert class_ids[-1, -1] == -1


def test_one_class_fills_the_picture_and_many_classes_are_all_there():
    image = np.random.default_rng(0).integers(0, 256, (64, 256, 3), dtype=np.uint8)
    session = ForestSession(image, cell=6)
    session.paint([(30, 30)], 7)
    assert (session.predict()[0] == 7).all()
    for number in range(255):
        x, y = number % 32 * 8 + 4, number // 32 * 8 + 4
        session.paint([(x, y)], number, radius=3)
    class_ids, _ = session.predict()
    assert len(np.unique(class_ids)) == 255


def test_strokes_outside_are_left_out_and_painted_pixels_are_kept():
    session = ForestSession(np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8))
    session.paint([(-50, -50), (-40, 400)], 1)
    session.paint([(10, 10), (50, 30)], 2, radius=3)
    session.paint([(50, 5)], 3, radius=4)
    for refine in (False, True):
        class_ids, confidence = session.predict(refine=refine)
        painted = session.classes_hw != NOTHING
        assert (class_ids[painted] == session.classes_hw[painted]).all()
        assert (confidence[painted] == 255).all()


def test_the_same_dabs_give_the_same_labels():
    scene = paint_scene(2026, 3, width=256, height=128)

    def answer():
        session = ForestSession(scene.image_hwc)
        session.paint([(20, 20)], 1)
        session.paint([(128, 110)], 2)
        return session.predict()

    for one, other in zip(answer(), answer(), strict=True):
        assert np.array_equal(one, other)


def test_a_forest_of_another_image_labels_this_one():
    """Prior knowledge alone beats the commonest class on the next street."""
    patches, ids = [], []
    for number in (0, 1, 2):
        scene = paint_scene(2026, number, width=512, height=256)
        session = ForestSession(scene.image_hwc)
        owners, class_ids = session.patches.painted(scene.class_hw.astype(np.int32))
        patches.append(session.patches.features[owners])
        ids.append(class_ids)
    prior = Forest.fit(np.concatenate(patches), np.concatenate(ids))
    scene = paint_scene(2026, 64, width=512, height=256)
    class_ids, _ = ForestSession(scene.image_hwc, priors=(prior,)).predict()
    commonest = np.bincount(scene.class_hw.ravel()).max() / scene.class_hw.size
    assert (class_ids == scene.class_hw).mean() > commonest + 0.2


def test_twenty_dabs_label_four_fifths_of_a_street_and_refining_does_not_harm():
    """The clicker's dabs: one in the middle of each large class, then in the middle of the largest error."""
    import cv2

    shares, refined_shares = [], []
    for number in (64,):
        scene = paint_scene(2026, number, width=512, height=256)
        truth = scene.class_hw.astype(np.int32)
        session = ForestSession(scene.image_hwc)
        todo = [c for c in np.unique(truth).tolist() if (truth == c).sum() > 500]
        for dab in range(40):
            wrong = truth == todo[dab] if dab < len(todo) else session.predict()[0] != truth
            if dab >= len(todo):
                parts = [
                    (stats[1:, 4].max(), numbers == 1 + stats[1:, 4].argmax())
                    for c in todo
                    for count, numbers, stats, _ in [
                        cv2.connectedComponentsWithStats((wrong & (truth == c)).view(np.uint8))
                    ]
                    if count > 1
                ]
                wrong = max(parts, key=lambda part: part[0])[1]
            inside = cv2.distanceTransform(np.pad(wrong, 1).view(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
            y, x = np.unravel_index(inside.argmax(), inside.shape)
            session.paint([(x + 0.5, y + 0.5)], int(truth[y, x]), radius=min(4.0, float(inside.max())))
            if dab == 19:
                shares.append((session.predict()[0] == truth).mean())
        plain = (session.predict()[0] == truth).mean()
        refined_shares.append((session.predict(refine=True)[0] == truth).mean() - plain)
        assert plain > 0.88
    assert np.mean(shares) >= 0.75
    assert np.mean(refined_shares) > -0.005
