"""What we write in Cityscapes' layout against Cityscapes' own scripts: createLabels and the three evaluations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet
from segstudio.formats.cityscapes_outlines import outlines_of
from segstudio.formats.cityscapes_polygons import read_polygons, to_document

pytest.importorskip("cityscapesscripts")

CITY = ClassSet.load("cityscapes")


def drawn_by_the_scripts(path):
    """(labelIds, instanceIds, trainIds, colour) that createLabels makes of a polygons file."""
    from cityscapesscripts.helpers.annotation import Annotation
    from cityscapesscripts.preparation.json2instanceImg import createInstanceImage
    from cityscapesscripts.preparation.json2labelImg import createLabelImage

    annotation = Annotation()
    annotation.fromJsonFile(str(path))
    images = [createLabelImage(annotation, "ids"), createInstanceImage(annotation, "ids")]
    images += [createLabelImage(annotation, "trainIds"), createLabelImage(annotation, "color")]
    return [np.array(image) for image in images]


@pytest.fixture(scope="module")
def exported(shared_data, tmp_path_factory):
    """Real labels in Cityscapes' layout, with polygons drawn anew from COCO panoptic segments."""
    folder = tmp_path_factory.mktemp("cityscapes")
    dataset = formats.read(shared_data / "coco-panoptic-ccby")
    report = formats.write(dataset, folder / "out", "cityscapes", train_ids=True)
    return folder / "out", report


def test_all_files_are_what_createlabels_draws_from_our_polygons(exported):
    root, report = exported
    split = {loss.kind: loss for loss in report.losses}.get("instances of several parts become several polygons")
    keys = set(split.per_image) if split else set()
    checked = 0
    for path in sorted(root.rglob("*_polygons.json")):
        labels, instances, train, color = drawn_by_the_scripts(path)
        stem = str(path).removesuffix("_polygons.json")
        read = lambda kind, stem=stem: np.array(Image.open(f"{stem}_{kind}.png"))  # noqa: E731
        assert np.array_equal(read("labelIds"), labels)
        assert np.array_equal(read("labelTrainIds"), train)
        assert np.array_equal(read("color"), color)
        if path.name.split("_")[0] not in keys:
            assert np.array_equal(read("instanceIds"), instances)
            checked += 1
    assert checked > 20


def test_polygons_that_we_read_are_painted_as_createlabels_paints_them(shared_data, tmp_path):
    from segstudio.formats.cityscapes_polygons import painted_values

    for path in sorted((shared_data / "layouts-real" / "cityscapes").rglob("*_polygons.json")):
        file = read_polygons(path, CITY)
        ours = painted_values(file.size_hw, file.objects, CITY)
        labels, instances, _, _ = drawn_by_the_scripts(path)
        assert np.array_equal(ours[0], labels)
        assert np.array_equal(ours[1], instances)


values = st.sampled_from([0, 7, 8, 24, 26, 24000, 26000, 26001, 26007])


@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16), elements=values))
def test_outlines_of_any_raster_give_the_raster_again(tmp_path_factory, instances):
    labels = np.where(instances >= 1000, instances // 1000, instances).astype(np.uint8)
    objects, renumbered, split = outlines_of(labels, instances, CITY)
    path = tmp_path_factory.mktemp("o") / "x_gtFine_polygons.json"
    path.write_text(json.dumps(to_document(labels.shape, objects, CITY)))
    drawn_labels, drawn_instances, _, _ = drawn_by_the_scripts(path)
    assert np.array_equal(drawn_labels, labels)
    if not split:
        assert np.array_equal(drawn_instances, renumbered)
    assert len(np.unique(renumbered)) == len(np.unique(instances))


@pytest.fixture
def old_numpy(monkeypatch):
    """The scripts call a function that NumPy 2.4 no longer has."""
    monkeypatch.setattr(np, "in1d", np.isin, raising=False)


def test_pixel_evaluation_of_an_export_against_itself_is_perfect(exported, old_numpy):
    from cityscapesscripts.evaluation import evalPixelLevelSemanticLabeling as evaluation

    root, _ = exported
    truth = sorted(map(str, root.rglob("*_labelIds.png")))
    evaluation.args.quiet = True
    evaluation.args.JSONOutput = False
    evaluation.args.evalInstLevelScore = True
    results = evaluation.evaluateImgLists(truth, truth, evaluation.args)
    assert results["averageScoreClasses"] == 1.0


def test_instance_evaluation_of_an_export_against_itself_is_perfect(exported, tmp_path, old_numpy, monkeypatch):
    from cityscapesscripts.evaluation import evalInstanceLevelSemanticLabeling as evaluation

    root, _ = exported
    # The scripts cache the truth as JSON, which they cannot write with NumPy's own integers.
    monkeypatch.setattr(evaluation, "writeDict2JSON", lambda *_: None)
    args = evaluation.args
    args.quiet, args.JSONOutput = True, False
    args.gtInstancesFile = str(tmp_path / "gt.json")
    args.predictionPath = str(tmp_path)
    truth = sorted(map(str, root.rglob("*_instanceIds.png")))
    predictions = []
    for number, path in enumerate(truth):
        pixels = np.array(Image.open(path)).astype(int)
        lines = []
        for value in np.unique(pixels[pixels >= 1000]):
            Image.fromarray(((pixels == value) * 255).astype(np.uint8)).save(tmp_path / f"m{number}_{value}.png")
            lines.append(f"m{number}_{value}.png {value // 1000} 1.0")
        (tmp_path / f"p{number}.txt").write_text("\n".join(lines))
        predictions.append(str(tmp_path / f"p{number}.txt"))
    evaluation.setInstanceLabels(args)
    results = evaluation.evaluateImgLists(predictions, truth, args)
    assert results["averages"]["allAp"] == 1.0
