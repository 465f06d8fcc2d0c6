"""A round in which the forest learns: kept as arrays beside the networks, only where it is better."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import Cancelled, UserError
from segstudio.metrics import ConfusionMatrix
from segstudio.store import Project
from segstudio.workflows.forest import Forest
from segstudio.workflows.learning.forest_round import ForestLabeller
from segstudio.workflows.learning.request import Control, LearnRequest
from segstudio.workflows.learning.round import run_round
from segstudio.workflows.learning.run import learn
from segstudio.workflows.learning.versions import Versions
from tests.workflows.learning import annotation, picture, town

pytest.importorskip("sklearn")
QUICK = {"model": "forest", "device": "cpu", "threads": 1}


@pytest.fixture
def learned(tmp_path):
    """A project with a forest, and the events of its round."""
    project, events = town(tmp_path / "town", labelled=6), []
    run_round(LearnRequest(str(project), **QUICK), events.append)
    return project, events


def test_a_forest_is_a_version_as_a_networks_is(learned):
    project, events = learned
    versions = Versions.of(project)
    (version,) = versions.all()
    report = events[-1]
    assert (version.run, version.start, version.epochs) == ("forest@v1", "scratch", 0)
    assert report["images"] == {"train": 4, "held_out": 2}
    assert report["accepted"]
    assert version.miou == report["after"] > 0.8  # colours tell the classes
    assert {row["key"] for row in report["ranking"]} == {"view_06", "view_07"}
    doubts = [row["uncertainty"] for row in report["ranking"]]
    assert doubts == sorted(doubts, reverse=True)
    assert [row["accepted"] for row in versions.rounds()] == [True]
    with zipfile.ZipFile(versions.weights("v1")) as file:
        assert all(name.endswith(".npy") for name in file.namelist())
    versions.delete("v1")
    assert not versions.weights("v1").exists()
    assert sorted(path.name for path in versions.folder.glob("v1*")) == []


def test_the_reported_score_is_that_of_the_stored_arrays(learned):
    project, events = learned
    versions = Versions.of(project)
    (version,) = versions.all()
    labeller = ForestLabeller.load(versions.weights("v1"), version.classes)
    held_out = versions.split().held_out
    matrix = ConfusionMatrix(3)
    for key in held_out:
        photo, ids_hw = picture(int(key[-2:]))
        matrix.add(ids_hw, labeller.predict(photo).labels_hw)
    assert version.miou == pytest.approx(matrix.mean_iou(), abs=1e-4)
    assert {e["key"] for e in events if e["event"] == "predicted"} == held_out | {"view_06", "view_07"}


def test_the_same_again_is_no_better_and_not_kept(learned):
    project, _ = learned
    report = run_round(LearnRequest(str(project), **QUICK), lambda event: None)
    assert not report["accepted"]
    assert report["before"] == report["after"]
    assert [one.name for one in Versions.of(project).all()] == ["v1"]


def test_a_network_is_measured_against_a_forest_in_use(learned):
    project, _ = learned
    request = LearnRequest(str(project), start="scratch", epochs=1, steps=1, minutes=60.0, device="cpu", threads=1)
    report = run_round(request, lambda event: None)
    assert report["before"] == pytest.approx(Versions.of(project).all()[0].miou, abs=1e-4)
    assert not report["accepted"]


def test_classes_of_another_order_are_known_by_their_names(learned):
    project_path, _ = learned
    with Project.open(project_path) as project:
        project.set_class_set(ClassSet.of_names(["car", "sky", "road"], name="three"))
        for number in range(6):
            ids_hw = np.array([1, 2, 0], np.uint8)[picture(number)[1]]
            project.save_annotation(f"view_{number:02d}", "labels", annotation(ids_hw, project.class_set))
    report = run_round(LearnRequest(str(project_path), **QUICK), lambda event: None)
    assert report["before"] == pytest.approx(Versions.of(project_path).all()[0].miou, abs=1e-4)


def test_the_verb_takes_predictions_into_the_project(tmp_path):
    project_path = town(tmp_path, labelled=4)
    report = learn(LearnRequest(str(project_path), **QUICK))
    assert report["run"] == "forest@v1"
    with Project.open(project_path) as project:
        assert project.keys_with("prediction:forest@v1") >= {"view_04", "view_05"}
        kept = project.load("view_04", "prediction:forest@v1")
        assert kept.confidence_hw is not None
        assert {segment.class_id for segment in kept.segments} <= {0, 1, 2}


@pytest.mark.parametrize(
    ("options", "said"),
    [({"start": "last"}, "fitted anew"), ({"weights": "x.npz"}, "fitted anew"), ({"resume": True}, "in one go")],
)
def test_what_a_forest_cannot_do_is_said_in_one_line(tmp_path, options, said):
    project = town(tmp_path, labelled=3)
    with pytest.raises(UserError, match=said):
        run_round(LearnRequest(str(project), **QUICK, **options), lambda event: None)


def test_a_stopped_round_leaves_nothing_and_equal_rounds_are_equal(tmp_path):
    project = town(tmp_path / "one", labelled=4)
    control = Control()
    with pytest.raises(Cancelled):
        run_round(LearnRequest(str(project), **QUICK), lambda event: control.cancel(), control)
    assert Versions.of(project).all() == []
    run_round(LearnRequest(str(project), **QUICK), lambda event: None)
    other = town(tmp_path / "other", labelled=4)
    run_round(LearnRequest(str(other), **QUICK), lambda event: None)
    one, two = (Forest.load(Versions.of(path).weights("v1")) for path in (project, other))
    assert all(np.array_equal(getattr(one, name), getattr(two, name)) for name in Forest.__slots__)


def test_a_damaged_forest_in_use_is_said(learned):
    project, _ = learned
    Versions.of(project).weights("v1").write_bytes(b"no forest")
    with pytest.raises(UserError, match="not a forest"):
        run_round(LearnRequest(str(project), **QUICK), lambda event: None)


def test_the_description_is_plain_json(learned):
    project, _ = learned
    document = json.loads((Versions.of(project).folder / "v1.json").read_text(encoding="utf-8"))
    assert (document["model"], document["parent"]) == ("forest", "")
    assert replace(Versions.of(project).all()[0], name="v2").run == "forest@v2"
