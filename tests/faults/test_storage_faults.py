"""Full disks, read-only files and damaged bytes: told in one line, never half-written, never silently wrong."""

from __future__ import annotations

import os
import random
import resource
import signal
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, SegStudioError, UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.transaction import Transaction
from segstudio.store import Project
from tests.store.painting import CLASSES, SIZE_HW, Painter, assert_same

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="limits and modes of POSIX")


@pytest.fixture
def painted(tmp_path):
    """A closed project with some work in it, and the layer as it must come back."""
    path = tmp_path / "p.segproj"
    painter = Painter(3)
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in ("a", "b")])
        for _ in range(25):
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo)
    return path, painter


@contextmanager
def no_room_beyond(size):
    """Files of this process cannot grow beyond `size` bytes, which SQLite meets like a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def noisy_stroke(layer, seed):
    transaction = Transaction(layer, "noise")
    noise = np.random.default_rng(seed).integers(0, 4, layer.size_hw, dtype=np.uint16)
    transaction.write(Rect.of_size(*layer.size_hw), noise)
    return transaction.commit()


def test_full_disk_is_told_and_nothing_is_lost(painted):
    path, painter = painted
    stored = painter.layer.to_annotation()
    with Project.open(path) as project:
        layer = Layer.from_annotation("labels", project.load("a", "labels"))
        log = path.with_name(path.name + "-wal")
        index_of_the_log = 32 * 1024
        with no_room_beyond(max(index_of_the_log, log.stat().st_size)):
            receipt = project.record("a", layer, noisy_stroke(layer, 1))
            with pytest.raises(EnvironmentFault, match=r"p\.segproj: cannot be written"):
                receipt.wait()
            with pytest.raises(EnvironmentFault, match="cannot be written"):
                project.record("a", layer, noisy_stroke(layer, 2))
            with pytest.raises(EnvironmentFault, match="cannot be written"):
                project.load("a", "labels")
            with pytest.raises(EnvironmentFault, match="cannot be written"):
                project.close()
            with Project.open(path, read_only=True) as other:
                assert np.array_equal(other.load("a", "labels").labels_hw, stored.labels_hw)
                assert len(other.edits()) == 25
        project.flush()
        assert_same(layer, project.load("a", "labels"))
        assert len(project.edits()) == 27


def test_full_disk_spares_the_old_copy(painted, tmp_path):
    path, painter = painted
    target = tmp_path / "copy.segproj"
    with Project.open(path) as project:
        project.save_copy(target)
        before = target.read_bytes()
        with no_room_beyond(path.stat().st_size // 2), pytest.raises(EnvironmentFault):
            project.save_copy(target)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob(".*unfinished*"))


def test_full_disk_leaves_no_new_project(tmp_path):
    with no_room_beyond(4096), pytest.raises(EnvironmentFault, match=r"new\.segproj"):
        Project.create(tmp_path / "new.segproj", class_set=CLASSES)
    assert list(tmp_path.iterdir()) == []


def test_every_flipped_byte_is_noticed_or_harmless(painted):
    path, painter = painted
    sound = path.read_bytes()
    with Project.open(path, read_only=True) as project:
        images, edits = project.images(), project.edits()
    chance = random.Random(7)
    told = []
    for _ in range(150):
        at = chance.randrange(100, len(sound))
        flipped = bytearray(sound)
        flipped[at] ^= 1 << chance.randrange(8)
        path.write_bytes(flipped)
        try:
            with Project.open(path, read_only=True) as project:
                assert project.class_set == CLASSES
                assert_same(painter.layer, project.load("a", "labels"))
                assert project.images() == images
                assert project.edits() == edits
        except SegStudioError as error:
            told.append(error.message)
    assert len(told) > 20
    assert [line for line in told if str(path) not in line or "\n" in line] == []


def test_missing_row_is_noticed(painted):
    path, _ = painted
    with Project.open(path) as project:
        project._writer.run(lambda c: c.exec_driver_sql("DELETE FROM tile WHERE rowid = (SELECT min(rowid) FROM tile)"))
        with pytest.raises(UserError, match="damaged: layer “labels” of image 'a': a part is missing"):
            project.load("a", "labels")
        project._writer.run(lambda c: c.exec_driver_sql("DELETE FROM image WHERE key = 'b'"))
        with pytest.raises(UserError, match="2 images were added, 1 are there"):
            project.images()


def test_damaged_file_after_a_crash_opens_read_only_and_stays_as_it_is(painted):
    path, _ = painted
    with Project.open(path) as project:
        project.set_status("b", "reviewed")
        # A copy of the files of an open project is what a crash leaves.
        crashed = path.with_name("crashed.segproj")
        crashed.write_bytes(path.read_bytes())
        log = path.with_name(path.name + "-wal")
        crashed.with_name(crashed.name + "-wal").write_bytes(log.read_bytes())
    with Project.open(crashed) as reopened:
        assert "unexpectedly" in reopened.notes[0]
    _mark_as_open(crashed)
    content = bytearray(crashed.read_bytes())
    page = 4096
    content[5 * page : 5 * page + 12] = bytes(12)
    crashed.write_bytes(content)
    with Project.open(crashed) as reopened:
        assert reopened.read_only
        assert "damaged" in reopened.notes[0]
    assert crashed.read_bytes() == content


def _mark_as_open(path):
    project = Project.open(path)
    project._reader.dispose()
    project._writer.close()  # without the note that the work ended well
    project._opened.lease.release()


def read_everything(path):
    with Project.open(path) as project:
        project.load("a", "labels")
        project.edits()
        project.images()


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97])
def test_truncated_file_is_refused_and_not_touched(painted, share):
    path, _ = painted
    content = path.read_bytes()[: int(path.stat().st_size * share)]
    path.write_bytes(content)
    with pytest.raises(UserError, match=str(path.name)):
        read_everything(path)
    if share < 0.5:
        assert path.read_bytes() == content


def test_truncated_log_gives_an_earlier_state_in_full(tmp_path):
    path = tmp_path / "p.segproj"
    painter = Painter(11)
    states = {0: None}
    with Project.create(path, class_set=CLASSES) as project:
        project.add_images([ImageItem("a", None, SIZE_HW)])
        for number in range(1, 16):
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo).wait()
            states[number] = painter.layer.to_annotation()
        main, log = path.read_bytes(), path.with_name(path.name + "-wal").read_bytes()
    chance = random.Random(2)
    for round_ in range(12):
        crashed = tmp_path / f"crashed{round_}.segproj"
        crashed.write_bytes(main)
        crashed.with_name(crashed.name + "-wal").write_bytes(log[: chance.randrange(len(log))])
        try:
            reopened = Project.open(crashed)
        except UserError:
            continue  # the log was cut before the project's own tables
        with reopened:
            expected = states[len(reopened.edits())] if reopened.images() else None
            found = reopened.load("a", "labels")
            if expected is None:
                assert found is None
            else:
                assert_same(Layer.from_annotation("labels", expected), found)


@contextmanager
def without_the_rights_of_root():
    """As root every file is writable: be nobody for a while."""
    if os.getuid() != 0:
        yield
        return
    os.setresuid(65534, 65534, 0)
    try:
        yield
    finally:
        os.setresuid(0, 0, 0)


@pytest.mark.parametrize("folder_mode", [0o555, 0o777])
def test_read_only_file_opens_read_only(folder_mode):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.segproj"
        with Project.create(path, class_set=CLASSES) as project:
            project.add_images([ImageItem("a", None)])
        path.chmod(0o444)
        Path(folder).chmod(folder_mode)
        try:
            with without_the_rights_of_root(), Project.open(path) as project:
                assert project.read_only
                assert project.notes == ("the file is read-only",)
                assert len(project.images()) == 1
                with pytest.raises(UserError, match="opened read-only: the file is read-only"):
                    project.set_status("a", "reviewed")
        finally:
            Path(folder).chmod(0o755)


def test_clock_that_jumps_does_not_disorder_the_journal(painted, monkeypatch):
    path, painter = painted
    with Project.open(path) as project:
        for year in (2031, 1999, 2026):
            monkeypatch.setattr("segstudio.store.journal.now", lambda year=year: f"{year}-01-01T00:00:00.000+00:00")
            edit, undo = painter.step()
            project.record("a", painter.layer, edit, undo=undo)
        assert [edit.when[:4] for edit in project.edits(limit=3)] == ["2031", "1999", "2026"]
        assert_same(painter.layer, project.load("a", "labels"))


def test_edit_survives_a_disk_that_does_not_answer(painted, monkeypatch):
    """Where the file cannot even be asked what it holds, the next write brings the whole layer."""
    path, _ = painted
    with Project.open(path) as project:
        layer = Layer.from_annotation("labels", project.load("a", "labels"))

        def refuse(query):
            raise EnvironmentFault("input/output error")

        with monkeypatch.context() as patched:
            patched.setattr(project._edits, "_read", refuse)
            project.record("a", layer, noisy_stroke(layer, 5)).wait()
        assert_same(layer, project.load("a", "labels"))
