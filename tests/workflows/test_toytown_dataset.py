"""The data set on disk: readable by the field's own scripts, complete or absent, the same from one process or many."""

from __future__ import annotations

import copy
import json
import warnings

import numpy as np
import pytest
from PIL import Image

from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken
from segstudio.workflows.toytown import dataset, generate
from segstudio.workflows.toytown.classes import THINGS
from segstudio.workflows.toytown.town import paint_scene

IMAGES = 8


@pytest.fixture(scope="module")
def toytown(tmp_path_factory):
    """Eight images, painted by two child processes."""
    return generate(tmp_path_factory.mktemp("demo") / "toytown", images=IMAGES, workers=2)


def _truth(toytown, kind, suffix="png"):
    return sorted(toytown.glob(f"gtFine/*/toytown/*_gtFine_{kind}.{suffix}"))


def _pixels(path):
    with Image.open(path) as image:
        return np.asarray(image)


def test_layout_is_that_of_cityscapes(toytown):
    photos = sorted(toytown.glob("leftImg8bit/*/toytown/*_leftImg8bit.png"))
    assert [path.parts[-3] for path in photos] == ["train"] * 5 + ["val"] * 3
    for kind, suffix in (("labelIds", "png"), ("instanceIds", "png"), ("color", "png"), ("polygons", "json")):
        names = [path.name.replace(f"_gtFine_{kind}.{suffix}", "") for path in _truth(toytown, kind, suffix)]
        assert names == [path.name.replace("_leftImg8bit.png", "") for path in photos]
    assert photos[0].name == "toytown_000000_000019_leftImg8bit.png"


def test_children_write_what_the_painter_paints(toytown):
    for number in (0, IMAGES - 1):
        scene = paint_scene(dataset.SEED, number)
        split, name = dataset.split_of(number, IMAGES), dataset.name_of(number, IMAGES)
        assert np.array_equal(_pixels(toytown / f"leftImg8bit/{split}/toytown/{name}_leftImg8bit.png"), scene.image_hwc)
        assert np.array_equal(_pixels(toytown / f"gtFine/{split}/toytown/{name}_gtFine_labelIds.png"), scene.class_hw)


def test_instance_ids_are_sixteen_bit_with_bare_class_ids_on_stuff(toytown):
    for labels_path, instances_path in zip(_truth(toytown, "labelIds"), _truth(toytown, "instanceIds"), strict=True):
        labels, instances = _pixels(labels_path).astype(int), _pixels(instances_path)
        assert instances.dtype == np.uint16
        is_thing = np.isin(labels, list(THINGS))
        assert np.array_equal(instances[~is_thing], labels[~is_thing])
        assert np.array_equal(instances[is_thing] // 1000, labels[is_thing])


def test_cityscapes_scripts_draw_the_same_from_the_polygons(toytown):
    annotation = pytest.importorskip("cityscapesscripts.helpers.annotation")
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import createLabelImage

    for path, labels, instances in zip(
        _truth(toytown, "polygons", "json"), _truth(toytown, "labelIds"), _truth(toytown, "instanceIds"), strict=True
    ):
        polygons = annotation.Annotation()
        polygons.fromJsonFile(str(path))
        assert (np.asarray(createLabelImage(polygons, "ids")) == _pixels(labels)).mean() > 0.98
        assert (np.asarray(createInstanceImage(polygons, "ids")) == _pixels(instances)).mean() > 0.98


def test_cityscapes_scripts_evaluate_it(toytown, monkeypatch):
    evaluation = pytest.importorskip("cityscapesscripts.evaluation.evalPixelLevelSemanticLabeling")
    # The scripts still call numpy by a name that numpy 2.4 took away.
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)
    truth = [str(path) for path in _truth(toytown, "labelIds")]
    args = copy.copy(evaluation.args)
    args.quiet, args.JSONOutput, args.evalInstLevelScore = True, False, True
    args.avgClassSize = dict(args.avgClassSize)
    with warnings.catch_warnings():
        # The classes that the town lacks divide nothing by nothing there.
        warnings.simplefilter("ignore", RuntimeWarning)
        result = evaluation.evaluateImgLists(truth, truth, args)
    scores = {name: score for name, score in result["classScores"].items() if not np.isnan(score)}
    assert len(scores) == 16
    assert set(scores.values()) == {1.0}


def test_finished_data_set_is_reused(toytown, monkeypatch):
    monkeypatch.setattr(dataset, "paint_scene", lambda *_: pytest.fail("painted again"))
    assert generate(toytown, images=IMAGES) == toytown


def test_interrupted_painting_leaves_nothing_and_is_done_again(tmp_path):
    target, cancel, seen = tmp_path / "toytown", CancelToken(), []

    def stop_after_one(done, total, text=""):
        seen.append((done, total))
        if done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        generate(target, images=2, progress=stop_after_one, cancel=cancel)
    assert seen == [(0, 2), (1, 2)]
    assert list(tmp_path.iterdir()) == []
    assert generate(target, images=2) == target
    assert [path.name for path in tmp_path.iterdir()] == ["toytown"]


def test_cancelling_stops_the_children(tmp_path):
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        generate(tmp_path / "toytown", images=IMAGES, workers=2, cancel=cancel)
    assert list(tmp_path.iterdir()) == []


def test_another_seed_replaces_a_data_set_whole(tmp_path):
    target = generate(tmp_path / "toytown", images=2, seed=1)
    before = _truth(target, "labelIds")[0].read_bytes()
    generate(target, images=2, seed=2)
    assert _truth(target, "labelIds")[0].read_bytes() != before
    assert json.loads((target / dataset.MARKER).read_text())["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["toytown"]


def test_folder_with_other_files_and_a_file_are_refused_and_kept(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="holds other files"):
        generate(tmp_path, images=2)
    with pytest.raises(UserError, match="is a file"):
        generate(tmp_path / "thesis.tex", images=2)
    assert (tmp_path / "thesis.tex").read_text() == "mine"
    with pytest.raises(UserError, match="of 1 images"):
        generate(tmp_path / "toytown", images=1)


def test_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFault, match="toytown: cannot be written"):
        generate(tmp_path / "file" / "toytown", images=2)


def test_child_that_fails_is_reported_and_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("segstudio.workflows.toytown.workers._MODULE", "segstudio.no_such_module")
    with pytest.raises(EnvironmentFault, match="no_such_module"):
        generate(tmp_path / "toytown", images=IMAGES, workers=2)
    assert list(tmp_path.iterdir()) == []
