"""Learning as a session runs it: in a process of its own, only when asked, and never into a project that is closed."""

from __future__ import annotations

import time

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.session import Session
from segstudio.session.assist.doubt import DoubtWalk, doubtful_places
from segstudio.session.assist.learning import light_models
from segstudio.store import Project
from tests.session.answering_host import AnsweringHost
from tests.workflows.learning import town

QUICK = {"start": "scratch", "epochs": 2, "steps": 4, "minutes": 60.0, "device": "cpu", "threads": 1}


@pytest.fixture
def project(tmp_path):
    return town(tmp_path / "town", labelled=4, waiting=2)


@pytest.fixture
def session(tmp_path, project):
    made = Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    made.told = []
    made.notify.told.connect(lambda notice: made.told.append(notice.text))
    made.open_path(project)
    wait(made, lambda: made.document is not None)
    yield made
    made.close()


def wait(session, holds, seconds=300):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, session.told
        session.jobs.run_waiting(0.05)


def test_a_round_is_kept_predicts_and_puts_images_in_order(session):
    learning = session.learning
    assert learning.counts == (4, 0)
    assert not learning.is_running  # nothing starts by being opened
    assert learning.start(**QUICK)
    assert not learning.start(**QUICK)
    wait(session, lambda: not learning.is_running and session.jobs.is_idle)
    assert learning.said == "kept as v1"
    assert [point.number for point in learning.curve] == [1, 2]
    assert learning.report["accepted"]
    assert {"view_04", "view_05"} <= session.project.keys_with("prediction:toytown-unet@v1")
    learning.doubtful_first()
    wait(session, lambda: session.overview.asked.order == "confidence")
    table = session.overview.table
    assert not np.isnan(table.numbers["confidence"][[4, 5]]).any()
    shown = session.images.walk.indices.tolist()
    assert set(shown) == {4, 5}
    confidence = table.numbers["confidence"][shown]
    assert (np.diff(confidence) >= 0).all()


def test_a_version_can_be_used_and_deleted(session):
    learning = session.learning
    learning.start(**{**QUICK, "predict": 0})
    wait(session, lambda: not learning.is_running and session.jobs.is_idle)
    (version,) = learning.versions.all()
    assert not learning.is_used(version)
    learning.use(version)
    assert learning.is_used(version)
    assert session.predictions.run_name == version.run
    learning.delete(version)
    assert learning.versions.all() == []


def test_a_forest_learns_and_answers_from_then_on(session):
    pytest.importorskip("sklearn")
    learning = session.learning
    assert learning.start(model="forest")
    wait(session, lambda: not learning.is_running and session.jobs.is_idle)
    assert learning.said == "kept as v1"
    assert {"view_04", "view_05"} <= session.project.keys_with("prediction:forest@v1")
    (version,) = learning.versions.all()
    assert not learning.is_used(version)
    learning.use(version)
    wait(session, lambda: learning.is_used(version) and session.jobs.is_idle)
    assert session.forest.is_on
    assert session.forest.project.forests


def test_a_stopped_round_can_be_gone_on_with(session):
    learning = session.learning
    learning.start(**{**QUICK, "epochs": 400})
    wait(session, lambda: len(learning.curve) == 1)
    learning.pause()
    assert learning.state == "paused"
    learning.pause()
    assert learning.state == "running"
    learning.cancel()
    wait(session, lambda: not learning.is_running)
    assert "gone on" in learning.said
    assert learning.can_resume
    done = len(learning.curve)
    assert learning.start(**{**QUICK, "epochs": done + 1}, resume=True)
    wait(session, lambda: not learning.is_running and session.jobs.is_idle)
    assert [point.number for point in learning.curve] == list(range(1, done + 2))


def test_a_killed_process_is_told_and_costs_only_the_round(session):
    learning = session.learning
    learning.start(**{**QUICK, "epochs": 400})
    wait(session, lambda: len(learning.curve) >= 1)
    learning._process.kill()
    wait(session, lambda: not learning.is_running)
    assert any("learning ended before it was done" in text for text in session.told)
    assert learning.can_resume
    assert session.document is not None


def test_closing_ends_the_process(session):
    learning = session.learning
    learning.start(**{**QUICK, "epochs": 400})
    wait(session, lambda: learning._process is not None)
    child = learning._process._child
    session.close()
    assert child.poll() is not None


def test_what_cannot_be_learned_is_told(tmp_path):
    path = town(tmp_path / "bare", labelled=0)
    session = Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    session.told = []
    session.notify.told.connect(lambda notice: session.told.append(notice.text))
    assert session.learning.why_not() == "open a data set or a project first"
    with Project.open(path):
        session.open_path(path)
        wait(session, lambda: session.document is not None)
        assert "read-only" in session.learning.why_not()
        assert not session.learning.start(**QUICK)
    assert any("learning did not start" in text for text in session.told)
    session.close()


def test_too_few_images_say_how_many_there_are(tmp_path):
    path = town(tmp_path / "one", labelled=1)
    session = Session(data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    session.told = []
    session.open_path(path)
    wait(session, lambda: session.document is not None)
    assert session.learning.why_not().startswith("1 of 2 labelled images")
    assert session.learning.why_not("reviewed").startswith("0 of 2 reviewed images")
    session.close()


def test_light_models_are_those_that_learn_on_a_processor():
    names = [name for name, _ in light_models()]
    assert names[0] == "forest"
    assert {"espnet-v2", "enet", "fast-scnn", "toytown-fastscnn"} <= set(names)
    assert "deeplab-v3plus-resnet101" not in names


def test_doubtful_places_are_where_confidence_is_low_and_nothing_is_labelled():
    confidence_hw = np.full((100, 150), 255, np.uint8)
    confidence_hw[16:32, 40:64] = 60
    confidence_hw[64:72, 120:136] = 20
    labels_hw = np.zeros((100, 150), np.uint16)
    assert doubtful_places(confidence_hw, labels_hw)[:2] == [Rect(40, 16, 64, 32), Rect(120, 64, 136, 72)]
    labels_hw[16:32, 40:64] = 1
    assert doubtful_places(confidence_hw, labels_hw)[0] == Rect(120, 64, 136, 72)
    assert doubtful_places(confidence_hw, np.ones_like(labels_hw)) == []


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 40), (9, 7)])
def test_small_images_have_places_within_them(size_hw):
    found = doubtful_places(np.full(size_hw, 9, np.uint8), np.zeros(size_hw, np.uint16))
    assert found
    assert all(0 <= r.x0 < r.x1 <= size_hw[1] and 0 <= r.y0 < r.y1 <= size_hw[0] for r in found)


def test_the_walk_goes_on_and_begins_anew(session):
    session.go(4)  # nobody has labelled it
    wait(session, lambda: session.document is not None and session.document.key == "view_04")
    document = session.document
    layer = Layer("prediction:x", document.size_hw, locked=True)
    walk = DoubtWalk(session)
    assert walk.next() is None
    layer.confidence_hw = np.full(document.size_hw, 255, np.uint8)
    layer.confidence_hw[0:8, 0:8] = 10
    layer.confidence_hw[40:48, 40:56] = 10
    document.set_prediction(layer)
    session.view.show_only_prediction("prediction:x")
    assert [walk.next() for _ in range(3)] == [Rect(40, 40, 56, 48), Rect(0, 0, 8, 8), Rect(40, 40, 56, 48)]
