"""A round of learning in this process: what it learns, keeps, refuses, and goes on from."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import Cancelled, UserError
from segstudio.models import load_predictor
from segstudio.store import Project
from segstudio.workflows.learning.predict import keep_prediction
from segstudio.workflows.learning.request import Control, LearnRequest
from segstudio.workflows.learning.round import run_round
from segstudio.workflows.learning.versions import KEPT, Version, Versions
from tests.workflows.learning import CLASSES, annotation, picture, town

QUICK = {"start": "scratch", "epochs": 3, "steps": 8, "minutes": 60.0, "device": "cpu", "threads": 1}


@pytest.fixture
def learned(tmp_path):
    """A project with one version, and the events of its round."""
    project = town(tmp_path / "town", labelled=6)
    events = []
    run_round(LearnRequest(str(project), **QUICK), events.append)
    return project, events


def of_kind(events, kind):
    return [event for event in events if event["event"] == kind]


def test_a_round_learns_what_colours_mean_and_predicts_what_waits(learned):
    project, events = learned
    (report,) = of_kind(events, "done")
    assert events[-1] is report
    assert report["accepted"]
    assert report["before"] is None
    assert report["images"]["train"] + report["images"]["held_out"] == 6
    losses = [event["loss"] for event in of_kind(events, "epoch")]
    assert losses[-1] < losses[0]
    assert {row["key"] for row in report["ranking"]} == {"view_06", "view_07"}
    doubts = [row["uncertainty"] for row in report["ranking"]]
    assert doubts == sorted(doubts, reverse=True)


def test_a_version_is_described_and_its_weights_know_their_classes(learned):
    project, events = learned
    versions = Versions.of(project)
    (version,) = versions.all()
    assert (version.name, version.run, version.epochs) == ("v1", "toytown-unet@v1", 3)
    assert version.miou == pytest.approx(of_kind(events, "done")[0]["after"])
    assert [row["epoch"] for row in versions.curve("v1")] == [1, 2, 3]
    assert not versions.state_file.exists()
    predictor = load_predictor("toytown-unet", versions.weights("v1"), device="cpu")
    assert [one.name for one in predictor.class_set.evaluated] == ["sky", "road", "car"]
    prediction = predictor.predict(picture(7)[0])
    assert prediction.labels_hw.shape == picture(7)[1].shape


def test_the_reported_score_is_that_of_the_stored_weights(learned):
    project, events = learned
    from segstudio.metrics import ConfusionMatrix

    versions = Versions.of(project)
    predictor = load_predictor("toytown-unet", versions.weights("v1"), device="cpu")
    held_out = {event["key"] for event in of_kind(events, "predicted")} - {"view_06", "view_07"}
    matrix = ConfusionMatrix(3)
    for key in held_out:
        photo, ids_hw = picture(int(key[-2:]))
        matrix.add(ids_hw, predictor.predict(photo).labels_hw)
    assert versions.all()[0].miou == pytest.approx(matrix.mean_iou(), abs=1e-4)


def test_predictions_become_layers_of_the_versions_run(learned):
    project_path, events = learned
    version = Versions.of(project_path).all()[0]
    with Project.open(project_path) as project:
        for event in of_kind(events, "predicted"):
            keep_prediction(project, version, event)
        assert project.keys_with("prediction:toytown-unet@v1") >= {"view_06", "view_07"}
        kept = project.load("view_06", "prediction:toytown-unet@v1")
        assert kept.confidence_hw is not None
        assert {segment.class_id for segment in kept.segments} == {0, 1, 2}
        (run,) = project.runs()
        assert run.weights_hash == version.sha256
        with pytest.raises(UserError, match="cannot be read"):
            keep_prediction(project, version, of_kind(events, "predicted")[0])


def test_equal_seeds_give_equal_rounds(tmp_path):
    curves = []
    for name in ("one", "other"):
        project = town(tmp_path / name, labelled=4)
        events = []
        run_round(LearnRequest(str(project), **{**QUICK, "epochs": 1}), events.append)
        curves.append([(row["loss"], row["miou"]) for row in of_kind(events, "epoch")])
    assert curves[0] == curves[1]


def test_only_what_is_better_is_kept(learned):
    """One step from scratch cannot beat three epochs: the round ends without a version."""
    project, _ = learned
    versions = Versions.of(project)
    request = LearnRequest(str(project), **{**QUICK, "epochs": 1, "steps": 1, "start": "scratch"})
    before = versions.all()
    report = run_round(request, lambda event: None)
    assert not report["accepted"]
    assert report["after"] <= report["before"]
    assert (report["version"], report["ranking"]) == (None, [])
    assert versions.all() == before
    assert [row["accepted"] for row in versions.rounds()] == [True, False]


def test_the_next_version_starts_from_the_last(learned):
    project, _ = learned
    events = []
    report = run_round(LearnRequest(str(project), **{**QUICK, "start": "auto"}), events.append)
    assert report["start"] == "last"
    assert report["before"] == pytest.approx(Versions.of(project).all()[0].miou, abs=1e-4)
    if report["accepted"]:
        assert Versions.of(project).all()[-1].parent == "v1"


def test_a_stopped_round_goes_on_to_the_same_end(tmp_path):
    curves = []
    for name in ("whole", "stopped"):
        project = town(tmp_path / name, labelled=4)
        request = LearnRequest(str(project), **QUICK)
        control, events = Control(), []

        def tell(event, name=name, control=control, events=events):
            events.append(event)
            if name == "stopped" and event["event"] == "epoch" and event["epoch"] == 2:
                control.cancel()

        if name == "stopped":
            with pytest.raises(Cancelled):
                run_round(request, tell, control)
            assert Versions.of(project).all() == []
            events.clear()
            run_round(replace(request, resume=True), events.append)
        else:
            run_round(request, tell, control)
        curves.append([(row["epoch"], row["loss"], row["miou"]) for row in of_kind(events, "epoch")])
    assert curves[0] == curves[1]


def test_an_interrupted_round_of_other_images_is_not_gone_on_with(tmp_path):
    project = town(tmp_path, labelled=4)
    control = Control()
    request = LearnRequest(str(project), **QUICK)

    def tell(event):
        if event["event"] == "epoch":
            control.cancel()

    with pytest.raises(Cancelled):
        run_round(request, tell, control)
    with pytest.raises(UserError, match="another one"):
        run_round(replace(request, seed=2, resume=True), lambda event: None)
    versions = Versions.of(project)
    versions.state_file.write_bytes(versions.state_file.read_bytes()[:100])
    with pytest.raises(UserError, match="no interrupted round"):
        run_round(replace(request, resume=True), lambda event: None)


def test_classes_that_come_later_are_learned_beside_those_that_are_known(learned):
    project_path, _ = learned
    more = ClassSet.of_names(["car", "sky", "road", "sign"], name="four")
    with Project.open(project_path) as project:
        project.set_class_set(more)
        for number in range(6):
            ids_hw = np.array([1, 2, 0], np.uint8)[picture(number)[1]]
            ids_hw[:6, :6] = 3
            project.save_annotation(f"view_{number:02d}", "labels", annotation(ids_hw, more))
    events = []
    report = run_round(LearnRequest(str(project_path), **{**QUICK, "start": "last", "epochs": 1}), events.append)
    assert report["before"] is not None  # v1 is measured by the names of its classes, in another order
    version = Versions.of(project_path).all()[0]
    assert report["before"] > version.miou * 3 / 4 - 0.15
    if report["accepted"]:
        latest = Versions.of(project_path).latest()
        assert [one.name for one in latest.classes.evaluated] == ["car", "sky", "road", "sign"]


@pytest.mark.parametrize(
    ("labelled", "options", "said"),
    [
        (0, {}, "no image is labelled"),
        (1, {}, "one image is labelled"),
        (3, {"images": "reviewed"}, "no image is reviewed"),
        (3, {"start": "last"}, "no version of toytown-unet"),
        (3, {"model": "mask-rcnn-resnet50-fpn"}, "only semantic models"),
        (3, {"model": "nothing"}, "no model 'nothing'"),
        (3, {"model": "enet", "start": "pretrained"}, "no weights of enet"),
        (3, {"resume": True}, "no interrupted round"),
    ],
)
def test_what_cannot_be_learned_is_said_in_one_line(tmp_path, labelled, options, said):
    project = town(tmp_path, labelled=labelled)
    with pytest.raises(UserError, match=said) as refused:
        run_round(LearnRequest(str(project), **{**QUICK, **options}), lambda event: None)
    assert "\n" not in str(refused.value)


def test_pixels_that_nobody_labelled_teach_nothing(tmp_path):
    project_path = town(tmp_path, labelled=3)
    with Project.open(project_path) as project:
        for number in range(3):
            project.save_annotation(f"view_{number:02d}", "labels", annotation(np.full((64, 96), 200, np.uint8)))
    with pytest.raises(UserError, match="too few images have pixels"):
        run_round(LearnRequest(str(project_path), **QUICK), lambda event: None)


def test_the_oldest_versions_make_room_and_names_are_never_used_twice(tmp_path):
    versions = Versions(tmp_path / "town.learn")
    versions.folder.mkdir()
    for _ in range(KEPT + 2):
        name = versions.next_name()
        save_file({"a": np.zeros(1, np.float32)}, versions.weights(name))
        versions.add(Version(name, "toytown-unet", 0.5, CLASSES))
        versions.note_round({"version": name})
    assert [one.name for one in versions.all()] == [f"v{i}" for i in range(3, KEPT + 3)]
    versions.delete(f"v{KEPT + 2}")
    assert versions.next_name() == f"v{KEPT + 3}"
    assert versions.next_name(["toytown-unet@v40"]) == "v41"
    assert load_file(versions.weights("v3"))["a"].shape == (1,)


def test_a_damaged_version_is_left_out(learned):
    project, _ = learned
    versions = Versions.of(project)
    place = versions.folder / "v1.json"
    place.write_text(json.dumps({"name": "v1"}), encoding="utf-8")
    assert versions.all() == []
    place.write_text("{", encoding="utf-8")
    assert versions.all() == []
