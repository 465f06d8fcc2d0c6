"""Bad input gets one clear line that names the file, exit code 2, and loses nothing."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from PIL import Image

from tests.workflows.conftest import dataset


@pytest.mark.parametrize(
    "verb",
    [
        ["evaluate", "{gone}", "{here}"],
        ["evaluate", "{here}", "{gone}"],
        ["compare", "{here}", "{here}", "{gone}"],
        ["convert", "{gone}", "out", "--to", "class-id-png"],
        ["import", "{gone}", "p.segproj"],
        ["export", "{gone}", "out", "--to", "class-id-png"],
        ["export", "{gone}.segproj", "out", "--to", "class-id-png"],
        ["project", "check", "{gone}"],
        ["predict", "fcn-resnet50", "{gone}", "out"],
    ],
)
def test_missing_path(segstudio, id_folder, tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    argv = [text.format(gone=tmp_path / "gone", here=id_folder) for text in verb]
    assert str(tmp_path / "gone") in segstudio(*argv).error
    assert sorted(tmp_path.rglob("*")) == before


def test_json_that_is_not_coco(segstudio, tmp_path):
    path = tmp_path / "notes.json"
    path.write_text(json.dumps({"shopping": ["milk"]}))
    assert "notes.json" in segstudio("convert", path, tmp_path / "out", "--to", "class-id-png").error
    error = segstudio("convert", path, tmp_path / "out", "--to", "class-id-png", "--from", "coco-instances").error
    assert "notes.json" in error
    assert not (tmp_path / "out").exists()


def test_truncated_json(segstudio, tmp_path):
    path = tmp_path / "instances.json"
    path.write_text('{"images": [{"id": 1, "file_na')
    assert "instances.json" in segstudio("convert", path, tmp_path / "out", "--to", "cityscapes").error


def test_truncated_png_alone(segstudio, tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(np.zeros((50, 50), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:40])
    assert "x.png" in segstudio("evaluate", path, path).error


def test_wrong_size_mask_is_told_by_name(segstudio, id_folder, tmp_path):
    mask = id_folder / "labels" / "im1.png"
    Image.fromarray(np.ones((7, 9), np.uint8)).save(mask)
    outcome = segstudio("convert", id_folder, tmp_path / "out", "--to", "class-id-png", "--json")
    assert outcome.code == 1
    (skipped,) = outcome.document["skipped"]
    assert skipped["name"] == "im1"
    assert "9×7" in skipped["reason"]
    assert outcome.document["written"] == 3


def test_unknown_class_ids_are_told_by_name(segstudio, id_folder, tmp_path):
    mask = id_folder / "labels" / "im1.png"
    Image.fromarray(np.full((40, 60), 77, np.uint8)).save(mask)
    outcome = segstudio("convert", id_folder, tmp_path / "out", "--to", "coco-panoptic", "--json")
    assert outcome.code == 1
    assert "77" in outcome.document["skipped"][0]["reason"]


class Planted:
    def __reduce__(self):
        return (open, ("PLANTED", "w"))


@pytest.mark.parametrize("content", ["pickle", "text", "empty"])
def test_weights_that_are_none(segstudio, tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    dataset(tmp_path / "pictures", count=1)
    path = tmp_path / "net.pth"
    path.write_bytes({"pickle": pickle.dumps(Planted()), "text": b"hello", "empty": b""}[content])
    argv = ("predict", "fcn-resnet50", tmp_path / "pictures", tmp_path / "out", "--weights", path, "--device", "cpu")
    assert "net.pth" in segstudio(*argv).error
    assert not (tmp_path / "PLANTED").exists()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("predict", "nix", "{here}", "out"), "there is no model 'nix'"),
        (("predict", "fcn-resnet50", "{here}", "out", "--to", "nix"), "there is no format 'nix'"),
        (("predict", "fcn-resnet50", "{here}", "out", "--size", "big"), "--size big: not a size"),
        (("predict", "fcn-resnet50", "{here}", "out", "--mean", "a,b"), "--mean a,b: not numbers"),
        (("predict", "fcn-resnet50", "{here}", "out", "--classes", "nix"), "there is no class set 'nix'"),
        (("evaluate", "{here}", "{here}", "--classes", "nix"), "there is no class set 'nix'"),
        (("evaluate", "{here}", "{here}", "--policy", "nix"), "no metric policy is called 'nix'"),
        (("evaluate", "{here}", "{here}", "--task", "nix"), "nix"),
        (("convert", "{here}", "out", "--to", "nix"), "there is no format 'nix'"),
        (("convert", "{here}", "out", "--to", "images"), "images can only be read"),
        (("convert", "{here}", "out"), "Missing option '--to'"),
        (("import", "{here}", "out.txt"), "a project's name ends in .segproj"),
    ],
)
def test_wrong_words(segstudio, id_folder, tmp_path, monkeypatch, argv, said):
    monkeypatch.chdir(tmp_path)
    assert said in segstudio(*(text.format(here=id_folder) for text in argv)).error


def test_existing_target_with_other_files_is_left_alone(segstudio, id_folder, tmp_path):
    target = tmp_path / "mine"
    target.mkdir()
    (target / "thesis.txt").write_text("three years of work")
    assert "mine" in segstudio("convert", id_folder, target, "--to", "class-id-png").error
    assert [path.name for path in target.iterdir()] == ["thesis.txt"]


def test_project_path_that_is_something_else(segstudio, id_folder, tmp_path):
    path = tmp_path / "p.segproj"
    path.write_text("not a project")
    assert "not a SegStudio project" in segstudio("import", id_folder, path).error
    assert path.read_text() == "not a project"
