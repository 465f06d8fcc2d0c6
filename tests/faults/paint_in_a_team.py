"""Child of the team's kill test: takes images, paints on them, tells each edit that is durable, and never ends."""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import replace

from segstudio.core.errors import EditConflict
from segstudio.store import Project, image_leases
from tests.faults.paint_until_killed import tell
from tests.store.painting import CLASSES, SIZE_HW, Painter


def digest(annotation):
    """What tells one state of an image from another."""
    found = hashlib.sha256()
    found.update(b"" if annotation.labels_hw is None else annotation.labels_hw.tobytes())
    for item in annotation.objects:
        found.update(f"{item.id} {item.z} {item.attributes}".encode())
    return found.hexdigest()[:16]


def layer_of(annotation):
    from segstudio.core.layer import Layer

    return Layer("labels", SIZE_HW) if annotation is None else Layer.from_annotation("labels", annotation)


def main(address, writer):
    image_leases.LEASE_SECONDS = 0.5  # so that those of the killed end while the test runs
    chance = random.Random(writer)
    project = Project.open(address)
    keys = [row.key for row in project.images()]
    tell("ready")
    number = 0
    while True:
        key = chance.choice(keys)
        if project.people.take(key) is not None:
            continue
        painter = Painter(f"{writer}/{number}", layer_of(project.load(key, "labels")))
        painter.layer.ensure_class_segments(CLASSES)
        for _ in range(chance.randint(1, 6)):
            edit, undo = painter.step()
            edit = replace(edit, provenance={**edit.provenance, "writer": writer, "number": number})
            try:
                project.record(key, painter.layer, edit, undo=undo)
                project.flush()
            except EditConflict:
                break  # our lease ran out and somebody was quicker: nothing of ours may be there
            tell(f"{number} {key} {digest(painter.layer.to_annotation())}")
            number += 1
        project.people.release(key)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
