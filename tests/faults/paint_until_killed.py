"""Child of the kill test: paints by a seeded script, tells each edit that is durable, and never ends by itself."""

from __future__ import annotations

import sys
from pathlib import Path

from segstudio.store import Project
from tests.store.painting import Painter


def tell(line):
    """One line to the parent, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main(path, seed):
    project = Project.open(path)
    painters = {row.key: Painter(f"{seed}/{row.key}") for row in project.images()}
    keys = list(painters)
    tell("ready")
    number = 0
    while True:
        # Images are switched every few edits; each image's script depends on its own seed only.
        key = keys[number // 5 % len(keys)]
        edit, undo = painters[key].step()
        receipt = project.record(key, painters[key].layer, edit, undo=undo)
        receipt.wait()
        number += 1
        tell(str(number))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
