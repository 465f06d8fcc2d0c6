"""Child of the test of failing disks: paints while the disk works, while it fails, and when it works again."""

from __future__ import annotations

import sys
from pathlib import Path

from segstudio.core.errors import EnvironmentFault
from segstudio.store import Project
from tests.store.painting import Painter, assert_same


def paint(project, painter, steps):
    """Record edits; what the disk refuses is counted."""
    refused = []
    for _ in range(steps):
        edit, undo = painter.step()
        try:
            project.record("a", painter.layer, edit, undo=undo).wait()
        except EnvironmentFault as fault:
            refused.append(fault.message)
    return refused


def main(path, flag):
    painter = Painter("disk")
    project = Project.open(path)
    assert not paint(project, painter, 10)
    flag.touch()
    refused = paint(project, painter, 10)
    assert len(refused) == 10, refused
    assert all("cannot be written" in line and "\n" not in line for line in refused), refused
    flag.unlink()
    assert not paint(project, painter, 1)
    assert_same(painter.layer, project.load("a", "labels"))
    assert len(project.edits()) == 21
    project.close()
    sys.stdout.write("sound\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
