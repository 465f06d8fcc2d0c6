"""Two people paint in one project on PostgreSQL and are killed at random: no edit is lost and none is there twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import defaultdict

import pytest

from segstudio.core.dataset import ImageItem
from segstudio.store import Project
from tests.faults.paint_in_a_team import digest
from tests.store.conftest import address, database  # noqa: F401 (fixtures)
from tests.store.painting import CLASSES, SIZE_HW

KEYS = ("a", "b", "c")


class Writer:
    """One child process and what it has told so far."""

    def __init__(self, root, where, name):
        self.name = name
        self.told: list[tuple[int, str, str]] = []
        command = [sys.executable, "-m", "tests.faults.paint_in_a_team", where, name]
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True, env=environment)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            if line.endswith("\n") and line != "ready\n":
                number, key, state = line.split()
                self.told.append((int(number), key, state))

    def kill(self):
        assert self.process.poll() is None, f"{self.name} ended by itself"
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()


def paint_and_kill(root, where, *, kills, seed):
    """Two writers at a time; one of them is killed and followed by another, again and again."""
    chance = random.Random(seed)
    at_work = [Writer(root, where, f"{seed}-{slot}-0") for slot in range(2)]
    done = []
    for number in range(kills):
        slot = chance.randrange(2)
        victim = at_work[slot]
        enough = len(victim.told) + chance.randint(1, 25)
        while len(victim.told) < enough and victim.process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.02))
        victim.kill()
        done.append(victim)
        at_work[slot] = Writer(root, where, f"{seed}-{slot}-{number + 1}")
    for writer in at_work:
        while not writer.told and writer.process.poll() is None:
            time.sleep(0.005)
        writer.kill()
    return [*done, *at_work]


def check(where, writers):
    """Everything acknowledged is there once, in order, and every image is as its last edit left it."""
    with Project.open(where) as project:
        edits = project.edits()
        by_writer = defaultdict(list)
        for edit in edits:
            by_writer[edit.provenance["writer"]].append(edit.provenance["number"])
        states = {}
        for writer in writers:
            stored = by_writer.pop(writer.name, [])
            told = [number for number, _, _ in writer.told]
            assert stored in (told, [*told, len(told)]), writer.name
            states |= {(writer.name, number): state for number, _, state in writer.told}
        assert not by_writer
        for key in KEYS:
            of_image = [edit for edit in edits if edit.image_key == key]
            known = [e for e in of_image if (e.provenance["writer"], e.provenance["number"]) in states]
            for edit in known[-3:]:
                expected = states[edit.provenance["writer"], edit.provenance["number"]]
                assert digest(project.state_after(key, "labels", edit.id)) == expected
    return len(edits)


def team(project_root, where, *, kills, seed):
    with Project.create(where, class_set=CLASSES) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in KEYS])
    return check(where, paint_and_kill(project_root, where, kills=kills, seed=seed))


def test_two_writers_with_random_kills(project_root, address):  # noqa: F811
    assert team(project_root, address, kills=4, seed=1) > 8


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
def test_two_writers_for_a_minute_each(project_root, address, seed):  # noqa: F811
    assert team(project_root, address, kills=60, seed=seed) > 100
