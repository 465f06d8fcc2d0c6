"""What a session says and keeps: read-only projects, notes, states of images, recent paths, changed classes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from segstudio.core.class_set import LabelClass
from segstudio.core.errors import EnvironmentFault
from segstudio.session import Session
from segstudio.session.jobs import SyncJobs
from segstudio.session.notify import Notice
from segstudio.session.recent import recent_paths
from tests.session.answering_host import MODEL_CLASSES, AnsweringHost
from tests.session.conftest import CLASSES
from tests.session.test_session import notices, paint_road, predict


def another(tmp_path: Path) -> tuple[Session, list[Notice]]:
    session = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="second")
    return session, notices(session)


def test_a_second_window_is_told_once_that_it_only_reads_and_everything_goes_on(
    opened: Session, street: Path, tmp_path: Path
) -> None:
    paint_road(opened)
    opened.project.flush()
    second, heard = another(tmp_path)
    second.open_path(street, format="class-id-png", class_set=CLASSES)
    assert second.read_only
    assert [notice.level for notice in heard] == ["warning"]
    assert "read-only" in heard[0].text
    stored = second.document.labels.raster.ids_hw.copy()
    with second.document.begin("erase") as stroke:
        stroke.paint(stroke.layer.raster.bounds, 0)
    second.set_status("reviewed")
    second.next_image()
    second.previous_image()
    assert np.array_equal(second.document.labels.raster.ids_hw, stored)
    # What was not kept cannot be undone either: its pre-images belong to labels that are gone.
    assert second.undo() is None
    second.close()
    assert len(heard) == 1
    assert opened.document.labels.raster.ids_hw.any()


def test_what_recovery_found_is_told(opened: Session, street: Path, tmp_path: Path) -> None:
    paint_road(opened)
    opened.project.flush()
    left = tmp_path / "left.segproj"
    for part in opened.project.path.parent.glob(f"{opened.project.path.name}*"):
        if not part.name.endswith("-lease"):
            (tmp_path / part.name.replace(opened.project.path.name, left.name)).write_bytes(part.read_bytes())
    second, heard = another(tmp_path)
    second.open_path(left)
    assert any("recovered" in notice.text for notice in heard)
    assert second.document.labels.raster.ids_hw.any()
    second.close()


def test_a_word_about_an_image_is_kept_and_can_be_taken_back(opened: Session, street: Path, tmp_path: Path) -> None:
    opened.set_status("reviewed")
    paint_road(opened)
    assert opened.images.badge(0).status == "reviewed"
    opened.go(1)
    opened.set_status("rejected")
    opened.set_status("rejected")
    assert opened.images.badge(1).status == "to do"
    opened.close()
    again, _ = another(tmp_path)
    again.open_path(street, format="class-id-png", class_set=CLASSES)
    assert [again.images.badge(i).status for i in range(3)] == ["reviewed", "to do", "to do"]
    again.close()


def test_what_was_opened_last_comes_first(opened: Session, street: Path) -> None:
    assert recent_paths() == [street]
    opened.open_path(opened.project.path)
    assert recent_paths() == [opened.project.path, street]
    opened.open_path(street, format="class-id-png", class_set=CLASSES)
    opened.open_path(street / "gone")
    assert recent_paths() == [street, opened.project.path]


def test_a_new_class_leaves_the_scores_of_other_images_alone(opened: Session) -> None:
    paint_road(opened)
    first = opened.live.score().image
    opened.next_image()
    paint_road(opened)
    both = opened.live.score()
    assert both.num_images == 2
    tram = LabelClass(12, "tram", (9, 99, 199), train_id=3)
    opened.document.change_classes("add tram", opened.classes.current.with_class(tram))
    after = opened.live.score()
    assert after.num_images == 2
    assert np.array_equal(after.dataset.iou[:3], both.dataset.iou)
    opened.undo()
    assert np.array_equal(opened.live.score().dataset.iou, both.dataset.iou)
    opened.previous_image()
    assert opened.live.score().image.mean_iou == pytest.approx(first.mean_iou)


def test_the_active_class_is_always_one_that_there_is(opened: Session) -> None:
    tram = LabelClass(12, "tram", (9, 99, 199), train_id=3)
    opened.document.change_classes("add tram", opened.classes.current.with_class(tram))
    opened.view.choose_class(12)
    opened.undo()
    assert opened.view.now.active_class == 0


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Two pictures and nothing else."""
    root = tmp_path / "bare"
    root.mkdir()
    for number in range(2):
        cv2.imwrite(str(root / f"photo_{number}.png"), np.full((40, 50, 3), 90 + number, np.uint8))
    return root


def test_pictures_without_classes_take_those_of_the_first_model_and_keep_them(
    session: Session, bare: Path, tmp_path: Path
) -> None:
    session.open_path(bare)
    assert [c.name for c in session.classes.current.classes] == ["object"]
    predict(session)
    names = [c.name for c in MODEL_CLASSES.classes]
    assert [c.name for c in session.classes.current.classes] == names
    assert session.view.now.active_class in session.classes.current.by_id
    session.close()
    again, _ = another(tmp_path)
    again.open_path(bare)
    assert [c.name for c in again.classes.current.classes] == names
    layer = again.document.predictions["prediction:any"]
    assert {again.classes.current.by_id[s.class_id].name for s in layer.segments} <= set(names)
    again.close()


def test_opening_something_else_stops_the_run(opened: Session, bare: Path) -> None:
    opened.predictions.choose("any")
    opened.predictions.predict_all()
    host = opened.predictions._host
    opened.open_path(bare)
    assert not opened.predictions.is_running
    asked = len(host.requests)
    host.answer()
    assert not opened.document.predictions
    assert len(host.requests) == asked


def test_a_cancelled_run_sends_nothing_more(opened: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = []
    submit = opened.jobs.submit
    monkeypatch.setattr(opened.jobs, "submit", lambda work, **how: waiting.append((work, how)))
    opened.predictions.choose("any")
    opened.predictions.predict_all()
    assert opened.predictions.is_running
    opened.predictions.cancel()
    assert not opened.predictions.is_running
    for work, how in waiting:
        submit(work, **how)
    assert opened.predictions._host is None
    assert not opened.predictions.is_running


def test_a_full_disk_does_not_keep_the_window_from_closing(opened: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = notices(opened)
    project = opened.project
    given_up = []

    def refuse(*, discard: bool = False) -> None:
        given_up.append(discard)
        if not discard:
            raise EnvironmentFault("the disk is full")

    monkeypatch.setattr(project, "close", refuse)
    opened.close()
    assert given_up == [False, True]
    assert any("disk is full" in notice.text for notice in heard)
    monkeypatch.undo()
    project.close()


def test_another_mode_lets_go_of_what_the_cursor_pointed_at(opened: Session) -> None:
    heard: list[frozenset[str]] = []
    opened.view.set(mode="objects")
    opened.view.set(hovered_object=4)
    opened.view.changed.connect(heard.append)
    opened.view.set(mode="semantic")
    assert opened.view.now.hovered_object is None
    assert heard == [frozenset({"mode", "hovered_object"})]


def test_the_judged_class_follows_the_active_one(opened: Session) -> None:
    view = opened.view
    view.toggle_error_class()
    view.choose_class(2)
    assert view.now.error_class == 2
    view.swap_class()
    assert view.now.error_class == view.now.active_class == 0
    view.toggle_error_class()
    view.choose_class(1)
    assert view.now.error_class is None


def test_a_data_set_of_objects_opens_in_object_mode(session: Session, street: Path) -> None:
    row = {"id": 1, "image_id": 1, "category_id": 3, "iscrowd": 0, "area": 100, "bbox": [5, 5, 10, 10]}
    document = {
        "images": [{"id": 1, "file_name": "view_0.png", "height": 60, "width": 90}],
        "annotations": [{**row, "segmentation": [[5, 5, 15, 5, 15, 15, 5, 15]]}],
        "categories": [{"id": 3, "name": "car", "supercategory": ""}],
    }
    (street / "images" / "instances.json").write_text(json.dumps(document))
    session.open_path(street / "images" / "instances.json")
    assert session.view.now.mode == "objects"
    assert session.live.score() is not None
    session.open_path(street, format="class-id-png", class_set=CLASSES)
    assert session.view.now.mode == "semantic"


def test_undoing_a_new_class_keeps_the_one_that_another_image_brought(opened: Session) -> None:
    before = opened.classes.current
    tram, ship = LabelClass(12, "tram", (9, 99, 199), train_id=3), LabelClass(13, "ship", (1, 2, 3), train_id=4)
    opened.document.change_classes("add tram", before.with_class(tram))
    opened.next_image()
    opened.document.change_classes("add ship", opened.classes.current.with_class(ship))
    opened.previous_image()
    opened.undo()
    assert opened.classes.current.classes == (*before.classes, ship)
    opened.redo()
    assert set(opened.classes.current.classes) == {*before.classes, tram, ship}


def test_an_undo_that_would_give_a_name_twice_is_told_and_does_nothing(opened: Session) -> None:
    told: list[str] = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    before = opened.classes.current
    lorry = replace(before.by_name["car"], name="lorry")
    opened.document.change_classes("rename", before.with_class(lorry))
    car = LabelClass(12, "car", (9, 99, 199), train_id=3)
    opened.next_image()
    opened.document.change_classes("add car", opened.classes.current.with_class(car))
    opened.previous_image()
    now = opened.classes.current
    assert opened.undo() is None
    assert opened.classes.current == now
    assert "'car' is used twice" in told[-1]
    assert len(opened.document.history.undoable) == 1
