"""The verbs on a project that a team shares."""

from __future__ import annotations

import numpy as np

from segstudio import formats
from segstudio.store import Project
from tests.store.conftest import address, database  # noqa: F401 (fixtures)
from tests.store.painting import CLASSES, SIZE_HW, Painter


def test_share_stats_backup_and_export(segstudio, tmp_path, address):  # noqa: F811
    from segstudio.core.dataset import ImageItem

    path = tmp_path / "work.segproj"
    painter = Painter(2)
    with Project.create(path, class_set=CLASSES, name="streets") as project:
        project.add_images([ImageItem("a", None, SIZE_HW), ImageItem("b", None, SIZE_HW)])
        for _ in range(12):
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo)
        project.people.review("a", "reviewed", person="ana", comment="fine")
        done = [edit for edit in project.edits() if not edit.is_undo]

    shared = segstudio("project", "share", path, address, "--json")
    assert shared.code == 0
    assert shared.document["rows"] > 14

    told = segstudio("project", "stats", address, "--json").document
    assert told["name"] == "streets"
    assert told["statuses"] == {"to do": 1, "reviewed": 1}
    assert {person["person"]: person["edits"] for person in told["people"]} == {"ana": 0, "maria": len(done)}

    with Project.open(address) as team:
        team.people.take("b")
        assert list(segstudio("project", "stats", address, "--json").document["held"]) == ["b"]

    assert segstudio("project", "backup", address, tmp_path / "copy.segproj").code == 0
    assert segstudio("project", "check", tmp_path / "copy.segproj").code == 0
    assert segstudio("export", address, tmp_path / "out", "--to", "class-id-png").code == 0
    (item,) = formats.read(tmp_path / "out").images
    stored = item.read_annotation()
    exported_hw = class_ids({s.id: s.class_id for s in stored.segments}, stored.labels_hw)
    drawn_hw = class_ids({s.id: s.class_id for s in painter.layer.segments}, painter.layer.raster.ids_hw)
    assert np.array_equal(exported_hw, drawn_hw)


def class_ids(of_segment, ids_hw):
    """Class ids `[H, W]`, −1 where nothing is labelled."""
    table = np.full(65536, -1)
    for segment, class_id in of_segment.items():
        table[segment] = class_id
    return table[ids_hw]


def test_wrong_address_is_one_line(segstudio, tmp_path):
    result = segstudio("project", "stats", "postgresql://host/db?project=No")
    assert result.code == 2
    assert "cannot be a project's name" in result.error
    result = segstudio("project", "backup", "postgresql://host/db")
    assert result.code == 2
    assert "say which file" in result.error
