"""What of a project is the truth of an evaluation, and pictures whose folder has moved since."""

from __future__ import annotations

import dataclasses

import pytest

from segstudio import formats
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH
from segstudio.store import DatasetSource, Project
from segstudio.workflows.compare import compare
from segstudio.workflows.evaluate import evaluate
from segstudio.workflows.moved_folders import Found, remember_move
from segstudio.workflows.reading import opened


@pytest.fixture
def project(id_folder, tmp_path):
    """A project of a folder of class ids whose labels are all of one class; one truth was corrected to those."""
    data = formats.read(id_folder, "class-id-png")
    path = tmp_path / "p.segproj"
    source = DatasetSource(id_folder, "class-id-png")
    with Project.create(path, class_set=data.class_set, dataset_source=source) as made:
        made.add_images(data.images)
        for item in data.images:
            truth = item.read_annotation()
            plain = dataclasses.replace(
                truth, labels_hw=truth.labels_hw.clip(truth.segments[0].id, truth.segments[0].id)
            )
            made.save_annotation(item.key, LABELS, plain)
        made.save_annotation(data.images[0].key, TRUTH, plain)
    return path


def test_corrected_truth_is_taken_where_there_is_one(project, id_folder):
    found = {
        which: evaluate(project, project, truth_from=which) for which in ("auto", "corrected", "dataset", "labels")
    }
    per_image = {which: [row["miou"] for row in one.document["per_image"]] for which, one in found.items()}
    assert per_image["auto"] == per_image["corrected"]
    assert per_image["corrected"][0] == 1.0
    assert per_image["dataset"][0] < 1.0
    assert per_image["corrected"][1:] == per_image["dataset"][1:]
    assert per_image["labels"] == [1.0] * len(per_image["labels"])
    assert per_image["dataset"] == [row["miou"] for row in evaluate(id_folder, project).document["per_image"]]
    assert "corrected in 1 image" in found["auto"].notes[0]
    assert found["labels"].notes == ()


def test_comparison_takes_the_same_truth(project, id_folder):
    report = compare(project, project, id_folder, truth_from="dataset", resamples=100)
    assert report.comparison.b["metrics"]["miou"] == 1.0
    assert report.comparison.a["metrics"]["miou"] < 1.0


def test_other_words_and_other_sources_are_refused(project, id_folder):
    with pytest.raises(UserError, match="--truth best: no such truth"):
        evaluate(project, project, truth_from="best")
    with pytest.raises(UserError, match="only of a project"):
        evaluate(id_folder, project, truth_from="dataset")


def test_moved_pictures_and_data_sets_are_found_by_the_verbs(project, id_folder, tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_DATA", str(tmp_path / "settings"))
    moved = tmp_path / "elsewhere"
    id_folder.rename(moved)
    with opened(project) as before:
        assert not any(item.path.exists() for item in before.images if item.path is not None)
    with pytest.raises(UserError):
        evaluate(project, project, truth_from="dataset")
    remember_move(tmp_path / "settings", project, Found(str(id_folder), str(moved), 4, 4, 4))
    with opened(project) as after:
        assert all(item.path.exists() for item in after.images if item.path is not None)
    assert evaluate(project, project, truth_from="dataset").document["images"] == 4
