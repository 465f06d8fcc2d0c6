"""Each verb: the contract's JSON, exit codes, and messages where they belong."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from tests.workflows.conftest import dataset


def test_evaluate_json(segstudio, id_folder):
    outcome = segstudio("evaluate", id_folder, id_folder, "--json")
    assert outcome.code == 0
    document = outcome.document
    assert document.keys() >= {"task", "policy", "images", "metrics", "classes", "per_image"}
    assert document["metrics"].keys() >= {
        "miou",
        "pixel_accuracy",
        "mean_pixel_accuracy",
        "frequency_weighted_iou",
        "mean_dice",
    }
    assert document["classes"][0].keys() >= {"id", "name", "iou", "dice", "accuracy"}
    assert document["per_image"][0].keys() >= {"name", "miou"}
    assert (document["task"], document["images"], document["metrics"]["miou"]) == ("semantic", 4, 1.0)


def test_evaluate_instances_and_panoptic(segstudio, coco_file, id_folder, tmp_path):
    instances = segstudio("evaluate", coco_file, coco_file, "--json").document
    assert instances["metrics"].keys() >= {"ap", "ap50", "ap75"}
    segstudio("convert", id_folder, tmp_path / "panoptic", "--to", "coco-panoptic")
    panoptic = segstudio("evaluate", tmp_path / "panoptic", tmp_path / "panoptic", "--json").document
    assert panoptic["metrics"].keys() >= {"pq", "sq", "rq"}


def test_evaluate_for_people_and_csv(segstudio, id_folder, tmp_path):
    outcome = segstudio("evaluate", id_folder, id_folder, "--csv", tmp_path / "t.csv")
    assert "road" in outcome.out
    assert "100.00" in outcome.out
    assert "road" in (tmp_path / "t.csv").read_text()


def test_missing_prediction_is_exit_1_and_the_rest_is_measured(segstudio, id_folder, tmp_path):
    prediction = tmp_path / "prediction"
    prediction.mkdir()
    for number in (0, 2):
        pixels = np.array(Image.open(id_folder / "labels" / f"im{number}.png"))
        Image.fromarray(pixels).save(prediction / f"im{number}_pred.png")
    outcome = segstudio("evaluate", id_folder, prediction, "--json")
    assert outcome.code == 1
    assert outcome.document["images"] == 2
    failures = [line for line in outcome.err.splitlines() if line.startswith("failed: ")]
    assert [line.split(":")[1].strip() for line in failures] == ["im1", "im3"]


def test_compare_json_and_report(segstudio, id_folder, tmp_path):
    page = tmp_path / "r.html"
    outcome = segstudio("compare", id_folder, id_folder, id_folder, "--report", page, "--json")
    document = outcome.document
    assert document.keys() == {"a", "b", "delta", "classes", "per_image"}
    assert document["delta"].keys() >= {"miou", "ci95", "p_value", "minimum_detectable"}
    assert document["classes"][0].keys() >= {"id", "name", "delta_iou", "ci95"}
    assert document["per_image"][0].keys() == {"name", "miou_a", "miou_b"}
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_import_export_convert_json(segstudio, id_folder, tmp_path):
    project = tmp_path / "p.segproj"
    assert segstudio("import", id_folder, project, "--json").document == {
        "read": 4,
        "written": 4,
        "skipped": [],
        "losses": [],
    }
    exported = segstudio("export", project, tmp_path / "coco", "--to", "coco-instances", "--json").document
    assert exported.keys() == {"read", "written", "skipped", "losses"}
    assert exported["written"] == 4
    converted = segstudio("convert", id_folder, tmp_path / "ids2", "--to", "class-id-png", "--json").document
    assert converted["written"] == 4


def test_project_verbs(segstudio, id_folder, tmp_path):
    project = tmp_path / "p.segproj"
    segstudio("import", id_folder, project)
    assert segstudio("project", "check", project, "--json").document["sound"] is True
    backup = segstudio("project", "backup", project, "--json").document["backup"]
    project.unlink()
    assert segstudio("project", "restore", project, "--json").document == {"restored": backup, "kept": None}
    assert segstudio("project", "repair", project, "--json").document["lost"] == []
    assert segstudio("project", "check", project).code == 0


def test_models_json(segstudio):
    document = segstudio("models", "--json").document
    assert document["models"]
    keys = {"name", "family", "task", "paper", "year", "status", "parameters", "gmacs", "input_size", "published"}
    for row in document["models"]:
        assert row.keys() >= keys | {"weights"}
        for weights in row["weights"]:
            assert weights.keys() >= {"name", "dataset", "miou", "licence", "source"}
    (one,) = segstudio("models", "fcn-resnet50", "--json").document["models"]
    assert one["name"] == "fcn-resnet50"
    assert all(
        row["task"] == "instance" for row in segstudio("models", "--task", "instance", "--json").document["models"]
    )


def test_bench(segstudio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (row,) = segstudio("bench", "store", "--json").document["rows"]
    assert row["median_ms"] > 0
    assert list(tmp_path.iterdir()) == []
    (cost,) = segstudio("bench", "models", "toytown-unet", "--size", "128x64", "--json").document["rows"]
    assert cost["input_size"] == [128, 64]
    assert cost["parameters"] == 177968
    assert cost["gmacs"] > 0
    assert cost["fps"] == pytest.approx(1000 / cost["median_ms"])
    assert "one of models, canvas, store, assist, formats" in segstudio("bench", "everything").error


def test_bench_canvas_and_formats(segstudio, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for room, least in (("canvas", 9), ("formats", 12)):
        rows = segstudio("bench", room, "--quick", "--json").document["rows"]
        assert len(rows) >= least
        assert all(0 < row["median_ms"] <= row["p95_ms"] for row in rows)
    assert list(tmp_path.iterdir()) == []


def test_bench_assist(segstudio, tmp_path):
    pytest.importorskip("sklearn")
    document = segstudio("bench", "assist", "--quick", "--part", "dabs", "--json").document
    assert document.keys() >= {"calibration_ms", "times", "clicks", "dabs", "effort", "notes"}
    assert [len(document[part]) for part in ("times", "clicks", "effort")] == [0, 0, 0]
    assert all(0.5 < value <= 1 for scene in document["dabs"] for value in scene["accuracy"][1:])
    assert "mIoU @60" in segstudio("bench", "assist", "--quick", "--part", "dabs").out
    assert "--part colours" in segstudio("bench", "assist", "--part", "colours").error
    assert "no-such" in segstudio("bench", "assist", "--part", "clicks", tmp_path / "no-such").error


@pytest.fixture
def demo_model():
    """The name of a model whose weights ship with the program; skips while there are none."""
    from segstudio.models.registry import default_registry

    registry = default_registry()
    name = "toytown-unet"
    if name not in registry or registry.status(name).state != "works":
        pytest.skip("the demo model has no weights here")
    return name


def test_predict_tells_a_broken_picture_and_delivers_the_rest(segstudio, demo_model, tmp_path):
    dataset(tmp_path / "pictures", count=3)
    broken = tmp_path / "pictures" / "im1.png"
    broken.write_bytes(broken.read_bytes()[:100])
    outcome = segstudio("predict", demo_model, tmp_path / "pictures", tmp_path / "out", "--device", "cpu", "--json")
    assert outcome.code == 1
    document = outcome.document
    assert document.keys() == {"model", "device", "reason", "images", "failed", "images_per_second"}
    assert [row["name"] for row in document["images"]] == ["im0", "im2"]
    assert [row["name"] for row in document["failed"]] == ["im1"]
    assert "im1.png" in document["failed"][0]["error"]
    assert "failed: im1: " in outcome.err
    for row in document["images"]:
        assert np.array(Image.open(row["output"])).shape == (40, 60)
        assert row["seconds"] > 0


def test_predict_then_evaluate_in_the_models_classes(segstudio, demo_model, tmp_path):
    dataset(tmp_path / "pictures", count=2)
    segstudio("predict", demo_model, tmp_path / "pictures", tmp_path / "out", "--device", "cpu")
    again = segstudio("evaluate", tmp_path / "out", tmp_path / "out", "--json").document
    assert again["metrics"]["pixel_accuracy"] == 1.0
    class_set = json.loads((tmp_path / "out" / "class_set.json").read_text())
    assert again["policy"]["class_set"] == class_set["name"]


def test_predict_pictures_with_the_names_of_cityscapes(segstudio, demo_model, tmp_path):
    dataset(tmp_path / "pictures", count=1)
    picture = (tmp_path / "pictures" / "im0.png").rename(tmp_path / "pictures" / "a_000001_leftImg8bit.png")
    found = segstudio("predict", demo_model, picture, tmp_path / "out", "--device", "cpu", "--json").document
    assert found["images"][0]["name"] == "a_000001_leftImg8bit"
    assert found["images"][0]["output"] == str(tmp_path / "out" / "a_000001.png")
    assert (tmp_path / "out" / "a_000001.png").is_file()


def test_export_tells_who_made_the_labels_of_a_project_only(segstudio, id_folder, tmp_path):
    project = tmp_path / "p.segproj"
    segstudio("import", id_folder, project)
    out = segstudio("export", project, tmp_path / "coco", "--to", "coco-instances", "--provenance", "--json")
    assert (out.code, out.document["written"]) == (0, 4)
    refused = segstudio("export", id_folder, tmp_path / "other", "--to", "coco-instances", "--provenance")
    assert "only a project knows where its labels come from" in refused.error
