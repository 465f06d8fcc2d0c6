"""Backups, checks, repair and going back: nothing that a person made is given up by looking after a project."""

from __future__ import annotations

import os
import random
import sqlite3

import numpy as np
import pytest

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.layer import Layer
from segstudio.store import Project
from segstudio.store.backups import back_up_if_due, list_backups, make_backup, restore_backup
from segstudio.store.checking import check_project
from segstudio.store.repairing import repair_project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same


def paint(project, key, painter, steps):
    for _ in range(steps):
        edit, undo = painter.step()
        project.record(key, painter.layer, edit, undo=undo)


@pytest.fixture
def painted(tmp_path):
    """A closed project of two images with twenty edits each, and their painters."""
    path = tmp_path / "p.segproj"
    painters = {"a": Painter(1), "b": Painter(2)}
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in painters])
        for key, painter in painters.items():
            paint(project, key, painter, 20)
        project.add_run("r1", model="unet")
        project.add_version("first round", person="maria")
    return path, painters


def damage(path, table, column="packed"):
    """Change one byte of the content of one row, behind SQLite's back."""
    with sqlite3.connect(path) as raw:
        rowid, content = raw.execute(f"SELECT rowid, {column} FROM {table} ORDER BY length({column}) DESC").fetchone()
        changed = bytes([content[0]]) + bytes([content[1] ^ 1]) + content[2:]
        raw.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, rowid))
    raw.close()


def test_sound_project_checks(painted):
    path, _ = painted
    report = check_project(path)
    assert report.to_json() == {"images": 2, "layers": 2, "edits": 40, "sound": True, "problems": []}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(("table", "column"), [("tile", "packed"), ("object", "shape"), ("preimage", "packed")])
def test_check_finds_a_changed_byte(painted, table, column):
    path, _ = painted
    damage(path, table, column)
    report = check_project(path)
    assert len(report.problems) == 1
    assert "damaged" in report.problems[0]


def test_backups_rotate_and_are_projects(painted):
    path, painters = painted
    made = [make_backup(path) for _ in range(4)]
    assert sorted(list_backups(path)) == sorted(made)
    os.utime(path)
    for backup in made:
        os.utime(backup, (1, 1))
    newest = back_up_if_due(path, keep=2, minutes=60)
    assert newest in list_backups(path)
    assert len(list_backups(path)) == 2
    with Project.open(newest, read_only=True) as backup:
        assert_same(painters["a"].layer, backup.load("a", "labels"))


def test_backup_only_where_due(painted):
    path, _ = painted
    assert back_up_if_due(path, keep=3, minutes=60) is not None
    assert back_up_if_due(path, keep=3, minutes=60) is None
    assert back_up_if_due(path, keep=0, minutes=0) is None


def test_backup_of_an_open_project_has_the_last_edit(painted):
    path, painters = painted
    with Project.open(path) as project:
        layer = Layer.from_annotation("labels", project.load("a", "labels"))
        painter = Painter(9, layer)
        paint(project, "a", painter, 3)
        backup = project.back_up(minutes=0)
        with Project.open(backup, read_only=True) as copy:
            assert_same(layer, copy.load("a", "labels"))


def test_restore_keeps_what_was_there(painted):
    path, painters = painted
    backup = make_backup(path)
    before = painters["a"].layer.to_annotation()
    with Project.open(path) as project:
        layer = Layer.from_annotation("labels", project.load("a", "labels"))
        paint(project, "a", Painter(9, layer), 5)
    restored = restore_backup(path)
    assert restored.source == backup
    with Project.open(path) as project:
        assert_same(Layer.from_annotation("labels", before), project.load("a", "labels"))
    with Project.open(restored.kept, read_only=True) as kept:
        assert_same(layer, kept.load("a", "labels"))


def test_restore_passes_over_a_damaged_backup(painted):
    path, _ = painted
    old = make_backup(path)
    new = make_backup(path, old.with_name(f"{path.stem}-99999999-000000.segproj"))
    damage(new, "tile")
    assert restore_backup(path).source == old
    with pytest.raises(UserError, match="damaged itself"):
        restore_backup(path, new)


def test_restore_refuses_an_open_project(painted):
    path, _ = painted
    make_backup(path)
    with Project.open(path), pytest.raises(UserError, match="opened by"):
        restore_backup(path)


def test_restore_replaces_a_file_that_is_no_project_any_more(painted):
    path, painters = painted
    make_backup(path)
    path.write_bytes(b"overwritten")
    restored = restore_backup(path)
    assert restored.kept.read_bytes() == b"overwritten"
    with Project.open(path) as project:
        assert_same(painters["b"].layer, project.load("b", "labels"))


def test_repair_saves_everything_but_the_damaged_row(painted):
    path, painters = painted
    damage(path, "tile")
    with Project.open(path, read_only=True) as project:
        broken = [key for key in painters if not _loads(project, key)]
    assert len(broken) == 1
    report = repair_project(path)
    assert len(report.lost) == 2
    assert "tile" in report.lost[0]
    assert check_project(path).problems == ()
    with Project.open(path) as project:
        (sound,) = painters.keys() - set(broken)
        assert_same(painters[sound].layer, project.load(sound, "labels"))
        saved = project.load(broken[0], "labels")
        assert list(saved.objects) == painters[broken[0]].layer.objects.in_order()
        difference = saved.labels_hw != painters[broken[0]].layer.raster.ids_hw
        rows, columns = np.nonzero(difference)
        assert {(r // 256, c // 256) for r, c in zip(rows, columns, strict=True)} <= {
            (0, 0),
            (0, 1),
            (0, 2),
            (1, 0),
            (1, 1),
            (1, 2),
        }
        assert not saved.labels_hw[difference].any()
        assert [run.name for run in project.runs()] == ["r1"]
        assert len(project.edits()) == 40
    assert report.damaged.exists()


def _loads(project, key):
    try:
        project.load(key, "labels")
    except UserError:
        return False
    return True


def test_repair_of_random_damage_never_invents(painted):
    """Whatever pages are destroyed, what is saved afterwards is sealed, or the repair says that it cannot."""
    path, painters = painted
    sound = path.read_bytes()
    chance = random.Random(3)
    repaired = 0
    for number in range(15):
        hurt = path.with_name(f"hurt{number}.segproj")
        content = bytearray(sound)
        for _ in range(3):
            at = chance.randrange(4096, len(content) - 64)
            content[at : at + 64] = chance.randbytes(64)
        hurt.write_bytes(content)
        try:
            repair_project(hurt)
        except (UserError, EnvironmentFault):
            assert hurt.read_bytes() == content
            continue
        repaired += 1
        assert check_project(hurt).problems == ()
    assert repaired > 3


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_earlier_state_can_be_had_back(tmp_path, seed):
    painter = Painter(seed)
    with Project.create(tmp_path / "p.segproj", class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None, SIZE_HW)])
        states = {0: painter.layer.to_annotation()}
        for _ in range(25):
            paint(project, "a", painter, 1)
            states[project.edits(limit=1)[0].id] = painter.layer.to_annotation()
        for edit_id, state in states.items():
            assert_same(Layer.from_annotation("labels", state), project.state_after("a", "labels", edit_id))


def test_history_is_trimmed_by_size(painted):
    path, painters = painted
    with Project.open(path) as project:
        first = project.edits("a")[0].id
        project.state_after("a", "labels", first)
        assert project.trim_history(0) == 40
        with pytest.raises(UserError, match="no longer kept"):
            project.state_after("a", "labels", first)
        assert_same(painters["a"].layer, project.load("a", "labels"))
        assert len(project.edits()) == 40


def test_locked_layer_that_is_replaced_cannot_be_gone_back_to(painted):
    path, painters = painted
    with Project.open(path) as project:
        project.save_annotation("a", "labels", painters["b"].layer.to_annotation(), locked=True)
        with pytest.raises(UserError, match="no longer kept"):
            project.state_after("a", "labels", 1)


def test_versions_name_states(painted):
    path, painters = painted
    with Project.open(path) as project:
        (version,) = project.versions()
        assert (version.name, version.person, version.edit_id) == ("first round", "maria", 40)
        layer = Layer.from_annotation("labels", project.load("a", "labels"))
        paint(project, "a", Painter(5, layer), 6)
        assert_same(painters["a"].layer, project.state_after("a", "labels", version.edit_id))
        with pytest.raises(UserError, match="'first round' already"):
            project.add_version("first round")


def test_versions_of_one_image_are_its_own(painted):
    path, painters = painted
    with Project.open(path) as project:
        project.add_version("clean", person="ana", key="a")
        project.add_version("clean", person="ana", key="b")
        with pytest.raises(UserError, match="'clean' already"):
            project.add_version("clean", key="a")
        assert [(one.name, one.image_key) for one in project.versions("a")] == [("first round", ""), ("clean", "a")]
        assert [one.image_key for one in project.versions()] == [""]
        project.remove_version("clean", key="a")
        assert [one.image_key for one in project.versions("b")] == ["", "b"]
        assert len(project.versions("a")) == 1


@pytest.mark.parametrize("key", ["", "a"])
def test_trimming_keeps_what_leads_back_to_a_version(painted, key):
    path, painters = painted
    with Project.open(path) as project:
        project.remove_version("first round")
        named = project.add_version("named", key=key)
        before = project.load("a", "labels")
        paint(project, "a", Painter(9, Layer.from_annotation("labels", before)), 8)
        paint(project, "b", Painter(8, Layer.from_annotation("labels", project.load("b", "labels"))), 5)
        assert project.trim_history(0) == (40 if key == "" else 45)
        assert_same(Layer.from_annotation("labels", before), project.state_after("a", "labels", named.edit_id))
        project.remove_version("named", key=key)
        assert project.trim_history(0) == (13 if key == "" else 8)
