"""Child of the kill test of large edits: fills, accepts, undoes and redoes all of an image between turns of a loop."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.session import Session, turns
from segstudio.session.edits import landing, stepping
from segstudio.session.edits.accept import accept_everything
from segstudio.session.jobs import SyncJobs
from tests.faults.paint_until_killed import tell
from tests.store.painting import CLASSES

SIZE_HW = (600, 1300)
SMALL = 10_000
"""Pixels from which an edit lands in parts here, of which the image has six."""
PREDICTION = "prediction:any"


class Script:
    """What is done to one image by turns, and what its labels are to be after each edit, told by plain arrays."""

    def __init__(self, seed):
        self._chance = random.Random(seed)
        self._states, self._at = [np.zeros(SIZE_HW, np.uint16)], 0

    @property
    def labels_hw(self):
        return self._states[self._at]

    def step(self):
        """The next edit that changes something as (kind, ids of all pixels, 0 where they stay)."""
        kind = self._chance.choices(["fill", "accept", "dab", "undo", "redo"], [3, 3, 1, 3, 2])[0]
        if kind == "undo" and self._at > 0:
            self._at -= 1
            return kind, None
        if kind == "redo" and self._at + 1 < len(self._states):
            self._at += 1
            return kind, None
        if kind in ("undo", "redo"):
            kind = "fill"
        noise = np.random.default_rng(self._chance.randrange(2**32))
        if kind == "accept":
            ids_hw = noise.integers(0, 4, SIZE_HW, dtype=np.uint16)
        else:
            ids_hw = np.zeros(SIZE_HW, np.uint16)
            area = Rect.of_size(*SIZE_HW) if kind == "fill" else Rect(200, 100, 280, 160)
            mask_hw = noise.random((area.height, area.width)) < self._chance.choice([0.5, 0.01])
            ids_hw[area.slices][mask_hw] = self._chance.randint(1, 3)
        del self._states[self._at + 1 :]
        self._states.append(np.where(ids_hw > 0, ids_hw, self.labels_hw))
        self._at += 1
        return kind, ids_hw


def begin(session, kind, ids_hw):
    """Ask for one edit as the window does."""
    document = session.document
    if kind == "undo":
        session.undo()
    elif kind == "redo":
        session.redo()
    elif kind == "accept":
        layer = Layer(PREDICTION, SIZE_HW, locked=True)
        layer.ensure_class_segments(CLASSES)
        layer.raster.writable(layer.raster.bounds)[...] = ids_hw
        document.set_prediction(layer)
        accept_everything(document, PREDICTION, landing=landing.between_events(session))
    else:
        stroke = document.begin(kind)
        segment = int(ids_hw.max())

        def write(part):
            stroke.paint(part, segment, mask_hw=ids_hw[part.slices] > 0)

        landing.land(session, stroke, [(Rect.of_mask(ids_hw > 0), write)])


def main(path, data_dir, seed):
    landing.AT_ONCE = stepping.AT_ONCE = SMALL
    turns._TURN_SECONDS = 0.0
    calls = []
    session = Session(jobs=SyncJobs(), data_dir=data_dir, person="maria")
    session.open_path(path, format="class-id-png", class_set=CLASSES)
    session.turns.bind(calls.append)
    document, script, number = session.document, Script(seed), 0
    tell("ready")
    while True:
        begin(session, *script.step())
        while document.is_busy:
            tell("landing")
            calls.pop(0)()
        tell("saving")
        while session.turns.is_busy:
            calls.pop(0)()
        session.project.flush()
        number += 1
        tell(str(number))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
