"""The project file holds what was put in, and refuses what it must not touch."""

from __future__ import annotations

import sqlite3
import subprocess
import sys

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import Cancelled, UserError
from segstudio.core.layer import Annotation
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.core.progress import CancelToken
from segstudio.core.segments import Segment
from segstudio.store import Project
from segstudio.store.connections import on_network_drive
from segstudio.store.schema import VERSION
from tests.store.painting import CLASSES


def annotation_of(labels_hw, **more):
    return Annotation(labels_hw.shape, labels_hw, (Segment(1, 0), Segment(300, 2, 7, True, {"seen": "half"})), **more)


def test_importing_the_room_does_not_import_sqlalchemy():
    code = "import sys, segstudio.store; raise SystemExit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_file_is_signed_and_synced(project):
    with sqlite3.connect(project.path) as raw:
        assert raw.execute("PRAGMA application_id").fetchone() == (0x53454753,)
        assert raw.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    raw.close()
    with project._writer._connection.begin() as _:
        pass
    assert project._writer.run(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar()) == 2


def test_class_set_and_name_survive(tmp_path):
    path = tmp_path / "a.segproj"
    Project.create(path, class_set=CLASSES, name="Autumn").close()
    with Project.open(path) as project:
        assert (project.name, project.class_set) == ("Autumn", CLASSES)
        project.set_class_set(ClassSet.of_names(["sky"]))
    with Project.open(path, read_only=True) as project:
        assert [c.name for c in project.class_set.classes] == ["sky"]


def test_images_keep_order_and_fields(project, tmp_path):
    item = ImageItem("far/x", tmp_path.parent / "far.png", (5, 6), "train", "seq1", extra={"license": 3})
    assert project.add_images([item, item]) == 1
    rows = project.images()
    assert [row.key for row in rows] == ["city/0", "city/1", "city/2", "far/x"]
    assert rows[0].path == tmp_path / "city/0.png"
    assert (rows[3].path, rows[3].size_hw, rows[3].split) == (tmp_path.parent / "far.png", (5, 6), "train")
    assert (rows[3].sequence, rows[3].extra, rows[3].status) == ("seq1", {"license": 3}, "to do")


def test_cancelled_import_keeps_what_was_added(project):
    token = CancelToken()
    items = [ImageItem(f"n{i}", None) for i in range(2500)]
    with pytest.raises(Cancelled):
        project.add_images(items, progress=lambda done, total, text="": token.cancel(), cancel=token)
    assert len(project.images()) == 3 + 1000


def test_status_note_and_tags(project):
    project.set_status("city/1", "reviewed")
    project.update_image("city/1", note="two\nlines", tags=("night", "rain"), size_hw=(10, 20))
    row = project.images()[1]
    assert (row.status, row.note, row.tags, row.size_hw) == ("reviewed", "two\nlines", ("night", "rain"), (10, 20))
    with pytest.raises(UserError, match="no image 'nowhere'"):
        project.set_status("nowhere", "labelled")


def test_pictures_are_found_in_a_moved_folder(tmp_path):
    folder = tmp_path / "before"
    folder.mkdir()
    with Project.create(folder / "p.segproj", class_set=CLASSES) as project:
        project.add_images([ImageItem("a", folder / "images" / "a.png")])
    folder.rename(tmp_path / "after")
    with Project.open(tmp_path / "after" / "p.segproj") as project:
        assert project.images()[0].path == tmp_path / "after" / "images" / "a.png"


def test_pictures_follow_the_dataset(tmp_path):
    with Project.create(tmp_path / "p.segproj", class_set=CLASSES) as project:
        project.set_dataset_source(tmp_path / "old", "cityscapes")
        project.add_images([ImageItem("a", tmp_path / "old" / "a.png")])
        project.set_dataset_source(tmp_path / "new", "cityscapes")
        assert project.images()[0].path == tmp_path / "new" / "a.png"
        assert project.dataset_source.format == "cityscapes"


def test_whole_layer_round_trip(project):
    random = np.random.default_rng(4)
    labels_hw = random.integers(0, 2, (600, 513), dtype=np.uint16) * 300
    labels_hw[:256, :256] = 0
    triangle = PolygonShape.of(np.array([[0.25, 1e-9], [3, 4], [5, 1 / 3]]))
    item = SegObject(9, 2, triangle, 0.5, True, 4, True, {"a": [1, {"b": None}]}, {"bbox": (1, 2), "raw": b"\x00\xff"})
    confidence_hw = random.integers(0, 256, labels_hw.shape, dtype=np.uint8)
    given = annotation_of(labels_hw, objects=(item,), confidence_hw=confidence_hw, extra={"imgWidth": 513})
    project.save_annotation("city/0", "prediction:r1", given, locked=True, run="r1")
    back = project.load("city/0", "prediction:r1")
    assert np.array_equal(back.labels_hw, labels_hw)
    assert np.array_equal(back.confidence_hw, confidence_hw)
    assert back.segments == given.segments
    assert back.objects[0].shape == triangle
    assert back.objects[0].extra == {"bbox": [1, 2], "raw": b"\x00\xff"}
    assert back.objects[0].attributes == item.attributes
    assert back.extra == {"imgWidth": 513}
    assert project.layer_names("city/0") == ["prediction:r1"]
    assert project.load("city/0", "labels") is None


def test_annotation_without_raster_stays_without(project):
    project.save_annotation("city/0", "truth", Annotation((4, 5)))
    assert project.load("city/0", "truth").labels_hw is None


def test_saving_again_replaces(project):
    project.save_annotation("city/0", "truth", annotation_of(np.ones((300, 300), np.uint16)))
    project.save_annotation("city/0", "truth", annotation_of(np.zeros((20, 10), np.uint16)))
    back = project.load("city/0", "truth")
    assert back.size_hw == (20, 10)
    assert not back.labels_hw.any()


def test_runs_and_scores(project):
    row = project.add_run("r1", model="unet", weights_hash="ab12", settings={"tile": 512}, device="cpu")
    assert project.runs() == [row]
    with pytest.raises(UserError, match="a run 'r1' already"):
        project.add_run("r1", model="unet")
    counts = np.array([[2**40, 1], [0, 5]])
    project.set_score("city/2", "labels", counts, np.array([3, 0]))
    (score,) = project.scores("labels")
    assert score.image_key == "city/2"
    assert np.array_equal(score.counts, counts)
    assert score.missed.tolist() == [3, 0]


def test_copy_is_a_project_of_its_own(project, tmp_path):
    project.save_annotation("city/0", "labels", annotation_of(np.ones((30, 30), np.uint16)))
    target = tmp_path / "elsewhere" / "copy.segproj"
    target.parent.mkdir()
    project.save_copy(target)
    with Project.open(target) as copy:
        assert copy.notes == ()
        assert copy.load("city/0", "labels").labels_hw.all()
        assert copy.images() == project.images()
    with pytest.raises(UserError, match="onto itself"):
        project.save_copy(project.path)


def test_create_never_overwrites(tmp_path):
    path = tmp_path / "taken.segproj"
    path.write_text("my notes")
    with pytest.raises(UserError, match="a file of this name already"):
        Project.create(path, class_set=CLASSES)
    assert path.read_text() == "my notes"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"hello", b"SQLite format 3\x00" + bytes(200)])
def test_other_files_are_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "x.segproj"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"x\.segproj: this is not a SegStudio project"):
        Project.open(path)
    assert path.read_bytes() == content


def test_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.segproj: there is no such project"):
        Project.open(tmp_path / "gone.segproj")


def test_other_sqlite_file_is_refused(tmp_path):
    path = tmp_path / "x.segproj"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE t (a)")
    raw.close()
    with pytest.raises(UserError, match="not a SegStudio project"):
        Project.open(path)


def test_newer_file_is_refused_in_one_line(project):
    project.close()
    with sqlite3.connect(project.path) as raw:
        raw.execute("PRAGMA user_version = 99")
    raw.close()
    with pytest.raises(
        UserError, match=rf"written by a newer SegStudio \(schema 99, this program knows {VERSION}\)"
    ) as caught:
        Project.open(project.path)
    assert "\n" not in str(caught.value)


def test_second_opening_is_read_only_and_says_who_holds_it(project):
    with Project.open(project.path) as second:
        assert second.read_only
        assert "opened by" in second.notes[0]
        with pytest.raises(UserError, match="opened read-only: opened by"):
            second.set_status("city/0", "reviewed")
    project.close()
    with Project.open(project.path) as third:
        assert not third.read_only
    assert [path.name for path in project.path.parent.iterdir()] == ["work.segproj"]


@pytest.mark.parametrize(
    ("mounts", "network"),
    [
        ("/dev/sda / ext4 rw 0 0\nserver:/x {folder} nfs4 rw 0 0\n", True),
        ("/dev/sda / ext4 rw 0 0\n//nas/x {folder} cifs rw 0 0\n", True),
        ("server:/ / nfs rw 0 0\n/dev/sdb {folder} xfs rw 0 0\n", False),
        ("/dev/sda / ext4 rw 0 0\nserver:/x {folder}-other nfs rw 0 0\n", False),
    ],
)
def test_network_drives_are_recognised(tmp_path, mounts, network):
    table = tmp_path / "mounts"
    table.write_text(mounts.format(folder=tmp_path / "data"))
    assert on_network_drive(tmp_path / "data" / "p.segproj", mounts=table) is network


def test_rollback_journal_on_a_network_drive(project, monkeypatch):
    project.close()
    monkeypatch.setattr("segstudio.store.connections.on_network_drive", lambda path: True)
    with Project.open(project.path) as reopened:
        assert "network drive" in reopened.notes[0]
        reopened.set_status("city/0", "reviewed")
        mode = reopened._writer.run(lambda c: c.exec_driver_sql("PRAGMA journal_mode").scalar())
        assert mode == "delete"
        assert reopened.images()[0].status == "reviewed"


def test_closed_project_says_so_and_opens_nothing(project, tmp_path):
    project.close()
    project.close()
    for use in (
        project.images,
        lambda: project.set_status("city/0", "reviewed"),
        lambda: project.load("city/0", "labels"),
    ):
        with pytest.raises(UserError, match="the project was closed"):
            use()
    assert [path.name for path in tmp_path.iterdir()] == ["work.segproj"]


def test_keys_with_a_layer(project):
    project.save_annotation("city/2", "truth", Annotation((4, 5)))
    assert project.keys_with("truth") == {"city/2"}
    assert project.keys_with("labels") == frozenset()


def test_reading_leaves_nothing_beside_the_file(project, tmp_path):
    project.close()
    with Project.open(project.path, read_only=True) as reader:
        reader.images()
    assert [path.name for path in tmp_path.iterdir()] == ["work.segproj"]


def test_weights_trained_anew_under_the_same_name_are_told_apart_by_time(project):
    first = project.add_run("r1", model="unet", weights_hash="aaaa", settings={"tile": 512}, device="cpu")
    project.note_weights("r1", "aaaa")
    assert project.runs() == [first]
    project.note_weights("r1", "bbbb")
    (row,) = project.runs()
    assert (row.weights_hash, row.settings["tile"], row.when) == ("bbbb", 512, first.when)
    assert row.weights_at(first.when) == "aaaa"
    assert row.weights_at("9999-01-01T00:00:00.000+00:00") == "bbbb"
    with pytest.raises(UserError, match="no run 'r2'"):
        project.note_weights("r2", "bbbb")
