"""Two people paint in one project on PostgreSQL and are killed at random: no edit is lost and none is there twice.

The slow test does so for ten minutes; the environment variable SEGSTUDIO_TEST_MINUTES sets another length, for which

    SEGSTUDIO_TEST_MINUTES=2 pytest -m slow -s tests/faults/test_team_kill.py

also prints the numbers: people killed, edits acknowledged, edits stored, lost and doubled ones.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass

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


def paint_and_kill(root, where, *, goes_on, seed):
    """Two writers at a time; while `goes_on(kills)`, one of them is killed and followed by another."""
    chance = random.Random(seed)
    at_work = [Writer(root, where, f"{seed}-{slot}-0") for slot in range(2)]
    done = []
    while goes_on(len(done)):
        slot = chance.randrange(2)
        victim = at_work[slot]
        enough = len(victim.told) + chance.randint(1, 25)
        while len(victim.told) < enough and victim.process.poll() is None:
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.02))
        victim.kill()
        done.append(victim)
        at_work[slot] = Writer(root, where, f"{seed}-{slot}-{len(done)}")
    for writer in at_work:
        while not writer.told and writer.process.poll() is None:
            time.sleep(0.005)
        writer.kill()
    return [*done, *at_work]


@dataclass(frozen=True)
class Count:
    """What became of the edits of all writers."""

    killed: int
    told: int
    stored: int
    lost: int
    doubled: int


def counted(edits, writers):
    """The edits that were acknowledged, and what the journal has of them."""
    stored = Counter((edit.provenance["writer"], edit.provenance["number"]) for edit in edits)
    told = {(writer.name, number) for writer in writers for number, _, _ in writer.told}
    doubled = sum(times - 1 for times in stored.values())
    return Count(len(writers), len(told), len(edits), len(told - set(stored)), doubled)


def check(where, writers):
    """Everything acknowledged is there once, in order, and every image is as its last edit left it."""
    with Project.open(where) as project:
        edits = project.edits()
        count = counted(edits, writers)
        assert (count.lost, count.doubled) == (0, 0), count
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
    return count


def team(project_root, where, *, goes_on, seed):
    with Project.create(where, class_set=CLASSES) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in KEYS])
    return check(where, paint_and_kill(project_root, where, goes_on=goes_on, seed=seed))


def test_two_writers_with_random_kills(project_root, address):  # noqa: F811
    assert team(project_root, address, goes_on=lambda kills: kills < 4, seed=1).stored > 8


@pytest.mark.slow
def test_two_writers_for_ten_minutes(project_root, address):  # noqa: F811
    minutes = float(os.environ.get("SEGSTUDIO_TEST_MINUTES", "10"))
    end = time.monotonic() + 60 * minutes
    count = team(project_root, address, goes_on=lambda kills: time.monotonic() < end, seed=100)
    print(f"\n{minutes:g} minutes: {count}")  # noqa: T201 (for whoever runs it by hand)
    assert count.stored > 100 * minutes
