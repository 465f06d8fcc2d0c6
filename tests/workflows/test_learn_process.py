"""Learning in a process of its own: steered, killed, gone on with, and followed by the verb."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace

import pytest

from segstudio.cli.main import run
from segstudio.store import Project
from segstudio.workflows.learning.request import LearnRequest
from segstudio.workflows.learning.run import LearnProcess
from segstudio.workflows.learning.versions import Versions
from tests.workflows.learning import town

QUICK = {"start": "scratch", "epochs": 2, "steps": 4, "minutes": 60.0, "device": "cpu", "threads": 1}
posix = pytest.mark.skipif(os.name != "posix", reason="signals and priorities as POSIX has them")


@pytest.fixture
def project(tmp_path):
    return town(tmp_path, labelled=4, waiting=1)


@posix
def test_a_killed_round_loses_no_whole_epoch(project):
    request = LearnRequest(str(project), **{**QUICK, "epochs": 400})
    process = LearnProcess(request)
    events = []
    for event in process.events():
        events.append(event)
        if event["event"] == "before":
            assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
        if event["event"] == "epoch" and event["epoch"] == 2:
            os.kill(process.pid, signal.SIGKILL)
    process.close()
    assert events[-1]["event"] == "failed"
    assert "signal 9" in events[-1]["message"]
    done = max(event["epoch"] for event in events if event["event"] == "epoch")
    kept = [row["epoch"] for row in Versions.of(project).curve()]
    assert kept[:done] == list(range(1, done + 1))
    again = LearnProcess(replace(request, epochs=len(kept) + 1, resume=True))
    events = list(again.events())
    again.close()
    assert events[-1]["event"] == "done"
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == list(range(1, len(kept) + 2))


def test_a_paused_round_stands_still_and_a_cancelled_one_says_so(project):
    process = LearnProcess(LearnRequest(str(project), **{**QUICK, "epochs": 400}))
    kinds = []
    for event in process.events():
        kinds.append(event["event"])
        if kinds.count("epoch") == 1 and event["event"] == "epoch":
            process.pause()
            process.go_on()
        if kinds.count("epoch") == 2 and event["event"] == "epoch":
            process.pause()
            process.cancel()  # heard while it stands still
    process.close()
    assert kinds[-1] == "cancelled"


def test_the_verb_learns_keeps_and_predicts(project, capsys):
    code = run(
        ["learn", str(project), "--from", "scratch", "--epochs", "1", "--threads", "1", "--device", "cpu", "--json"]
    )
    captured = capsys.readouterr()
    assert code == 0, captured.err
    report = json.loads(captured.out)
    assert report["accepted"]
    assert report["run"] == "toytown-unet@v1"
    assert [row["key"] for row in report["ranking"]] == ["view_04"]
    with Project.open(project, read_only=True) as opened:
        assert "view_04" in opened.keys_with("prediction:toytown-unet@v1")
    assert not list((project.with_suffix(".learn") / "predictions").glob("*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from", "elsewhere"], "there is no start"),
        (["--images", "all"], "there are no 'all' images"),
        (["--holdout", "1.5"], "held out"),
        (["--minutes", "0"], "no time"),
        (["--model", "enet", "--from", "pretrained"], "no weights of enet"),
    ],
)
def test_bad_input_is_one_line(project, capsys, arguments, said):
    code = run(["learn", str(project), *arguments])
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert said in captured.err
    assert captured.err.count("\n") == 1


def test_nothing_labelled_is_one_line(tmp_path, capsys):
    project = town(tmp_path, labelled=0)
    assert run(["learn", str(project)]) == 2
    assert "no image is labelled: there is nothing to learn from" in capsys.readouterr().err


def test_a_project_that_another_program_holds_is_refused(project, capsys):
    with Project.open(project):
        assert run(["learn", str(project)]) == 2
    assert "read-only" in capsys.readouterr().err
    assert not project.with_suffix(".learn").exists()


def test_a_missing_project_is_refused(tmp_path, capsys):
    assert run(["learn", str(tmp_path / "none.segproj")]) == 2
    assert "none.segproj: no such project file" in capsys.readouterr().err
