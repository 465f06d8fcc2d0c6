"""The batch verbs over real files: what goes in comes out, what is broken is told, nothing is half-written."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.store import Project
from segstudio.workflows.compare import compare
from segstudio.workflows.comparison_report import write_report
from segstudio.workflows.convert import convert
from segstudio.workflows.evaluate import evaluate
from segstudio.workflows.export import export
from segstudio.workflows.importing import import_dataset
from segstudio.workflows.tables import write_csv
from tests.workflows.conftest import street


def test_import_then_export_gives_the_same_labels(id_folder, tmp_path):
    report = import_dataset(id_folder, tmp_path / "p.segproj")
    assert (report.read, report.written, report.skipped) == (4, 4, ())
    export(tmp_path / "p.segproj", tmp_path / "out", "class-id-png")
    for number in range(4):
        values = np.array(Image.open(tmp_path / "out" / f"im{number}.png"))
        assert np.array_equal(values, street(number)[0].labels_hw)


def test_import_never_overwrites_work(id_folder, tmp_path):
    import_dataset(id_folder, tmp_path / "p.segproj")
    with Project.open(tmp_path / "p.segproj") as project:
        edited = street(3)[0]
        project.save_annotation("im0", "labels", edited)
    report = import_dataset(id_folder, tmp_path / "p.segproj")
    assert report.written == 0
    with Project.open(tmp_path / "p.segproj") as project:
        assert np.array_equal(project.load("im0", "labels").labels_hw, edited.labels_hw)


def test_import_maps_classes_onto_an_existing_project(id_folder, tmp_path):
    path = tmp_path / "p.segproj"
    Project.create(path, class_set=ClassSet.of_names(["Sky", "Car"], first_id=50)).close()
    report = import_dataset(id_folder, path)
    assert report.to_json()["losses"][0]["count"] == 1
    with Project.open(path) as project:
        annotation = project.load("im0", "labels")
        assert {s.class_id for s in annotation.segments} == {50, 51}
        assert np.array_equal(annotation.labels_hw != 0, np.isin(street(0)[0].labels_hw, (2, 3)))


def test_import_tells_a_damaged_mask_and_takes_the_rest(id_folder, tmp_path):
    mask = next(id_folder.glob("**/labels/im2.png"))
    mask.write_bytes(mask.read_bytes()[:60])
    report = import_dataset(id_folder, tmp_path / "p.segproj")
    assert report.written == 3
    assert "im2.png" in report.skipped[0].reason
    with Project.open(tmp_path / "p.segproj") as project:
        assert len(project.images()) == 4
        assert project.load("im2", "labels") is None


def test_cancelled_import_leaves_a_project_that_goes_on(id_folder, tmp_path):
    token = CancelToken()
    with pytest.raises(Cancelled):
        import_dataset(id_folder, tmp_path / "p.segproj", cancel=token, progress=lambda *_: token.cancel())
    assert import_dataset(id_folder, tmp_path / "p.segproj").read == 4
    with Project.open(tmp_path / "p.segproj") as project:
        assert all(project.load(row.key, "labels") is not None for row in project.images())


def test_export_of_an_empty_layer_is_refused(id_folder, tmp_path):
    import_dataset(id_folder, tmp_path / "p.segproj")
    with pytest.raises(UserError, match="no image has the layer “truth” yet"):
        export(tmp_path / "p.segproj", tmp_path / "out", "class-id-png", layer="truth")
    assert not (tmp_path / "out").exists()


def test_convert_with_a_mapping(id_folder, tmp_path):
    table = tmp_path / "map.json"
    table.write_text(json.dumps({"car": "road"}))
    report = convert(id_folder, tmp_path / "out", "class-id-png", mapping=table)
    assert report.written == 4
    assert set(np.unique(Image.open(tmp_path / "out" / "im0.png"))) == {1, 3}


def test_cancelled_convert_leaves_nothing(id_folder, tmp_path):
    token = CancelToken()
    with pytest.raises(Cancelled):
        convert(id_folder, tmp_path / "out", "coco-panoptic", cancel=token, progress=lambda *_: token.cancel())
    assert not (tmp_path / "out").exists()


def test_instances_of_coco_against_themselves_and_a_worse_copy(coco_file, tmp_path):
    assert evaluate(coco_file, coco_file).document["metrics"]["ap"] == 1.0
    found = formats.read(coco_file)
    rows = []
    for item in found.images:
        raw = item.extra["coco"]
        number = int(item.name.removeprefix("im"))
        x = 5 + 7 * number + (0 if number else 40)  # the first image's car is nowhere near
        square = [x, 22, x + 15, 22, x + 15, 32, x, 32]
        rows.append({"image_id": raw["id"], "category_id": 2, "segmentation": [square], "score": 0.5})
    results = tmp_path / "results.json"
    results.write_text(json.dumps(rows))
    metrics = evaluate(coco_file, results).document["metrics"]
    assert 0 < metrics["ap"] < 1
    assert metrics["ap50"] == pytest.approx(metrics["ap75"])


def test_panoptic_against_itself(id_folder, tmp_path):
    convert(id_folder, tmp_path / "panoptic", "coco-panoptic")
    assert evaluate(tmp_path / "panoptic", tmp_path / "panoptic").document["metrics"]["pq"] == 1.0


def test_project_is_a_truth(id_folder, tmp_path):
    import_dataset(id_folder, tmp_path / "p.segproj")
    assert evaluate(tmp_path / "p.segproj", id_folder).document["metrics"]["miou"] == 1.0


@pytest.fixture
def two_models(tmp_path):
    """Plain ids: A is right, B takes one id for another in all images but one, and lacks one."""
    random = np.random.default_rng(1)
    for number in range(8):
        truth = random.integers(0, 4, (30, 30), dtype=np.uint8)
        b = np.where(truth == 1, 2, truth) if number else truth
        for folder, pixels in (("t", truth), ("a", truth), ("b", b)):
            path = tmp_path / folder / f"{number}.png"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(path)
    (tmp_path / "b" / "7.png").unlink()
    return tmp_path


def test_compare_measures_what_both_have(two_models):
    report = compare(two_models / "t", two_models / "a", two_models / "b", resamples=200)
    document = report.to_json()
    assert document["a"]["images"] == document["b"]["images"] == 7
    assert [one.name for one in report.failed] == ["B: 7"]
    assert document["a"]["metrics"]["miou"] == 1.0
    assert document["delta"]["miou"] == pytest.approx(document["b"]["metrics"]["miou"] - 1.0)
    assert document["delta"]["ci95"][1] < 0
    deltas = {row["id"]: row["delta_iou"] for row in document["classes"]}
    assert deltas[0] == deltas[3] == 0.0
    assert deltas[1] < 0 > deltas[2]


def test_report_and_table_are_written(two_models):
    document = compare(two_models / "t", two_models / "a", two_models / "b", resamples=200).to_json()
    page = two_models / "report.html"
    write_report(page, document, name_a="<one>", name_b="two")
    text = page.read_text(encoding="utf-8")
    assert "&lt;one&gt; is better than two by" in text
    assert "class 2" in text
    write_csv(two_models / "table.csv", document)
    lines = (two_models / "table.csv").read_text().splitlines()
    assert lines[0].startswith("row,id,name,delta_iou,ci95")
    assert len(lines) == 1 + len(document["classes"]) + len(document["per_image"])
