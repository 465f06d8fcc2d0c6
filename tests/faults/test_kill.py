"""A process that is killed while it paints has lost nothing that it was told is durable."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same

KEYS = ("a", "b", "c")

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills processes the POSIX way")


def _paint_and_kill(project_root, path, seed, edits_before, kill_after):
    """Run the child until it told `edits_before` edits and a moment more; returns how many it acknowledged."""
    command = [sys.executable, "-m", "tests.faults.paint_until_killed", str(path), str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, cwd=project_root, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout.readline() == "ready\n"
        for _ in range(edits_before):
            assert child.stdout.readline()
        try:
            child.wait(kill_after)  # not a clock that anything depends on: it only spreads the moments of the kills
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        told = [line for line in child.stdout.read().split("\n")[:-1] if line]
    return int(told[-1]) if told else edits_before


def _replay(seed, count):
    painters = {key: Painter(f"{seed}/{key}") for key in KEYS}
    for number in range(count):
        painters[KEYS[number // 5 % len(KEYS)]].step()
    return painters


def _kill_and_compare(project_root, folder, seed):
    chance = random.Random(seed)
    path = folder / f"{seed}.segproj"
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in KEYS])
    acknowledged = _paint_and_kill(project_root, path, seed, chance.randint(0, 40), chance.uniform(0, 0.02))
    with Project.open(path) as project:
        assert "unexpectedly" in project.notes[0]
        stored = len(project.edits())
        assert stored in (acknowledged, acknowledged + 1)
        for key, painter in _replay(seed, stored).items():
            annotation = project.load(key, "labels")
            if annotation is None:
                assert not any(edit.image_key == key for edit in project.edits())
            else:
                assert_same(painter.layer, annotation)
        edit, undo = Painter(1).step()
        project.record("a", Painter(1).layer, edit, undo=undo).wait()


@pytest.mark.parametrize("seed", range(12))
def test_killed_while_painting(project_root, tmp_path, seed):
    _kill_and_compare(project_root, tmp_path, seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1300, 25))
def test_killed_three_hundred_times(project_root, tmp_path, first):
    for seed in range(first, first + 25):
        _kill_and_compare(project_root, tmp_path, seed)
