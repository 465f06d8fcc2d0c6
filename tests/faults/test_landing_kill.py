"""A process that is killed while an edit of a whole image lands in parts leaves that edit whole, or no trace of it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter

import cv2
import numpy as np
import pytest

from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from tests.faults.land_until_killed import SIZE_HW, Script
from tests.store.painting import CLASSES

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills processes the POSIX way")


@pytest.fixture
def pictures(tmp_path):
    root = tmp_path / "street"
    for name, array in (("images", np.full((*SIZE_HW, 3), 90, np.uint8)), ("labels", np.ones(SIZE_HW, np.uint8))):
        (root / name).mkdir(parents=True)
        cv2.imwrite(str(root / name / "view.png"), array)
    return root


def _land_and_kill(project_root, pictures, data_dir, seed):
    """Run the child for a while; returns the edits it acknowledged and what it was at when it was killed."""
    chance = random.Random(seed)
    lines_before, kill_after = chance.randint(1, 80), chance.uniform(0, 0.01)
    command = [sys.executable, "-m", "tests.faults.land_until_killed", str(pictures), str(data_dir), str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = []
    with subprocess.Popen(command, cwd=project_root, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout.readline() == "ready\n"
        for _ in range(lines_before):
            told.append(child.stdout.readline().strip())
            assert told[-1]
        try:
            child.wait(kill_after)  # not a clock that anything depends on: it only spreads the moments of the kills
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        told += child.stdout.read().split("\n")[:-1]
    return max((int(line) for line in told if line.isdigit()), default=0), told[-1]


def _kill_and_compare(project_root, pictures, data_dir, seed):
    acknowledged, at_last = _land_and_kill(project_root, pictures, data_dir, seed)
    session = Session(jobs=SyncJobs(), data_dir=data_dir, person="maria")
    try:
        session.open_path(pictures, format="class-id-png", class_set=CLASSES)
        document, project = session.document, session.project
        stored = len(project.edits(document.key))
        # What was saved but not told yet is there whole; what was still landing is not there at all.
        assert acknowledged <= stored <= acknowledged + (at_last != "landing")
        script = Script(str(seed))
        for _ in range(stored):
            script.step()
        labels = document.labels
        assert np.array_equal(labels.raster.ids_hw, script.labels_hw)
        assert all(labels.segments.get(int(found)) is not None for found in np.unique(script.labels_hw) if found)
        with document.begin("after") as stroke:
            stroke.paint(labels.raster.bounds, 2)
        project.flush()
        assert (project.load(document.key, "labels").labels_hw == 2).all()
    finally:
        session.close()
    return at_last


@pytest.mark.parametrize("seed", range(5))
def test_killed_while_a_large_edit_lands(project_root, pictures, tmp_path, seed):
    _kill_and_compare(project_root, pictures, tmp_path / "data", seed)


@pytest.mark.slow
def test_killed_a_hundred_times_while_large_edits_land(project_root, pictures, tmp_path):
    moments = Counter()
    for seed in range(5000, 5100):
        at_last = _kill_and_compare(project_root, pictures, tmp_path / str(seed), seed)
        moments["done" if at_last.isdigit() else at_last] += 1
    print(f"\n100 kills: {dict(moments)}")  # noqa: T201 (for whoever runs it by hand)
    assert moments["landing"] > 20
