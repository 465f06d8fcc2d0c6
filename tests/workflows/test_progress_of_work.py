"""Who made the labels of a project: counted once, kept as the counting goes on, in nobody's way."""

from __future__ import annotations

import pytest

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.core.progress import CancelToken
from segstudio.core.transaction import Transaction
from segstudio.store import Project, authors
from segstudio.store.lease import lease_path
from segstudio.workflows.progress import work_on

SIZE_HW = (40, 60)
KEYS = [f"city/{i}" for i in range(6)]


@pytest.fixture
def path(tmp_path):
    """Six images with one stroke each, closed."""
    place = tmp_path / "work.segproj"
    with Project.create(place, class_set=ClassSet.of_names(["road"])) as project:
        project.add_images([ImageItem(key, None, SIZE_HW) for key in KEYS])
        for number, key in enumerate(KEYS):
            stroke(project, key, 10 * (1 + number))
    return place


def stroke(project, key, width):
    layer = Layer("labels", SIZE_HW)
    transaction = Transaction(layer, "brush", provenance={"person": "ana", "tool": "brush"})
    transaction.paint(Rect(0, 0, width, 10), 1)
    project.record(key, layer, transaction.commit())
    project.flush()


class Counted:
    """A progress that knows which images were counted, and cancels after some."""

    def __init__(self, cancel_after=99):
        self.keys, self.token, self._after = [], CancelToken(), cancel_after

    def __call__(self, done, total, key):
        self.keys.append(key)
        if done == self._after:
            self.token.cancel()


def count(path, counted):
    return work_on(path, with_origins=True, progress=counted, cancel=counted.token)


def test_what_was_counted_is_kept_by_who_only_reads(path):
    first, again = Counted(), Counted()
    told = count(path, first)
    assert [pixels for _, pixels in told.origins] == [100 * (1 + 2 + 3 + 4 + 5 + 6)]
    assert first.keys == KEYS
    assert count(path, again) == told
    assert again.keys == []
    assert not lease_path(path).exists()
    assert not path.with_name(path.name + "-wal").exists()
    with Project.open(path) as project:
        assert project.notes == ()


@pytest.mark.parametrize("seconds", [0.0, 10.0])
def test_counting_goes_on_where_it_was_cancelled(path, monkeypatch, seconds):
    monkeypatch.setattr(authors, "_SECONDS_AT_ONCE", seconds)
    cancelled, rest = Counted(cancel_after=4), Counted()
    with pytest.raises(BaseException, match="cancel"):
        count(path, cancelled)
    count(path, rest)
    assert cancelled.keys + rest.keys == KEYS


def test_kill_while_counting_loses_only_the_last_seconds(path, monkeypatch):
    monkeypatch.setattr(authors, "_SECONDS_AT_ONCE", 0.0)

    class Killed(Counted):
        def __call__(self, done, total, key):
            super().__call__(done, total, key)
            if done == 3:  # nothing of what follows is written, as if the process were gone
                monkeypatch.setattr(authors.origin_rows, "put_sums", lambda *_, **__: None)
                raise KeyboardInterrupt

    with monkeypatch.context(), pytest.raises(KeyboardInterrupt):
        count(path, Killed())
    monkeypatch.undo()
    rest = Counted()
    count(path, rest)
    assert rest.keys == KEYS[3:]


def test_nothing_is_written_beside_somebody_who_has_it_open_or_after_a_crash(path):
    with Project.open(path):
        count(path, Counted())
    again = Counted()
    crashed = Project.open(path)
    crashed._lane.close()
    crashed._reader.dispose()
    crashed._trimming.stop()
    crashed._opened.lease.release()
    count(path, again)
    assert again.keys == KEYS
    with Project.open(path) as project:
        assert "ended unexpectedly" in project.notes[0]
        assert len(project.recovered()) == 0


def test_an_image_that_is_edited_is_counted_again(path):
    count(path, Counted())
    with Project.open(path) as project:
        stroke(project, KEYS[2], 60)
    again = Counted()
    count(path, again)
    assert again.keys == [KEYS[2]]
