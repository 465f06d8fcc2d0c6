"""Opening, going from image to image, keeping the work, running a model and accepting what it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session import Session
from segstudio.session.edits import accept
from segstudio.session.jobs import Jobs, SyncJobs
from segstudio.session.notify import Notice
from segstudio.store import Project
from tests.session.answering_host import AnsweringHost
from tests.session.conftest import CLASSES, SIZE_HW


def notices(session: Session) -> list[Notice]:
    heard: list[Notice] = []
    session.notify.told.connect(heard.append)
    return heard


def paint_road(session: Session) -> None:
    with session.document.begin("brush") as stroke:
        stroke.paint(Rect(0, 30, 90, 60), stroke.segment_for_class(0))


def test_opening_shows_the_first_image_with_its_truth(opened: Session) -> None:
    assert opened.document.item.name == "view_0"
    assert opened.document.size_hw == SIZE_HW
    assert opened.document.truth is not None
    assert opened.live.score().image.pixel_accuracy == 0.0
    assert opened.view.now.active_class == 0


def test_work_survives_going_away_coming_back_and_reopening(opened: Session, street: Path, tmp_path: Path) -> None:
    paint_road(opened)
    painted = opened.document.labels.raster.ids_hw.copy()
    opened.next_image()
    assert opened.document.item.name == "view_1"
    assert not opened.document.labels.raster.ids_hw.any()
    opened.previous_image()
    assert np.array_equal(opened.document.labels.raster.ids_hw, painted)
    opened.undo()
    assert not opened.document.labels.raster.ids_hw.any()
    opened.redo()
    opened.close()
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost)
    again.open_path(street, format="class-id-png", class_set=CLASSES)
    assert np.array_equal(again.document.labels.raster.ids_hw, painted)
    assert again.images.badge(0).status == "labelled"
    assert again.images.badge(0).mean_iou == pytest.approx(again.live.score().image.mean_iou)
    again.close()


def test_every_committed_edit_is_in_the_file_before_the_next_one_starts(opened: Session) -> None:
    project = opened.project
    paint_road(opened)
    opened.document.begin("next").cancel()
    project.flush()
    with Project.open(project.path, read_only=True) as other:
        stored = other.load(opened.document.key, "labels")
    assert np.array_equal(stored.labels_hw, opened.document.labels.raster.ids_hw)


def test_a_project_opens_by_itself_with_the_truth_of_its_data_set(opened: Session, tmp_path: Path) -> None:
    paint_road(opened)
    copy = tmp_path / "elsewhere.segproj"
    opened.project.save_copy(copy)
    opened.open_path(copy)
    assert opened.project.path == copy
    assert opened.document.labels.raster.ids_hw.any()
    assert opened.live.score() is not None


def test_what_cannot_be_opened_leaves_everything_as_it_was(opened: Session, tmp_path: Path) -> None:
    heard = notices(opened)
    opened.open_path(tmp_path / "nowhere")
    assert "nowhere" in heard[-1].text
    broken = tmp_path / "broken.segproj"
    broken.write_bytes(b"SQLite format 3\0 and then nothing of the kind")
    opened.open_path(broken)
    assert "broken.segproj" in heard[-1].text
    assert broken.read_bytes().startswith(b"SQLite format 3\0 and then")
    assert opened.document.item.name == "view_0"


def test_an_unreadable_image_is_told_and_the_open_one_stays(opened: Session, street: Path) -> None:
    heard = notices(opened)
    path = street / "images" / "view_1.png"
    path.write_bytes(path.read_bytes()[:300])
    opened._pictures = type(opened._pictures)()
    opened.go(1)
    assert "view_1.png" in heard[-1].text
    assert opened.document.item.name == "view_0"
    opened.go(2)
    assert opened.document.item.name == "view_2"


def predict(session: Session) -> AnsweringHost:
    session.predictions.choose("any")
    session.predictions.predict_image()
    host = session.predictions._host
    host.answer()
    return host


def test_a_prediction_is_a_locked_layer_in_our_classes_and_changes_no_label(opened: Session) -> None:
    heard = notices(opened)
    predict(opened)
    layer = opened.document.predictions["prediction:any"]
    assert layer.locked
    assert not opened.document.labels.raster.ids_hw.any()
    index_hw = layer.index_map(CLASSES)
    assert (index_hw[10:30] == 1).all()
    assert (index_hw[30:] == 0).all()
    assert (index_hw[:4, :4] == 255).all()
    assert any("dragon" in notice.text for notice in heard)
    assert "prediction:any" in opened.project.layer_names(opened.document.key)
    assert not opened.predictions.is_running


def test_accepting_is_one_edit_with_provenance_that_undo_takes_back(opened: Session) -> None:
    predict(opened)
    paint_road(opened)
    before = opened.document.labels.raster.ids_hw.copy()
    edit = accept.accept_everything(opened.document, "prediction:any")
    assert edit.provenance["source"] == "prediction:any"
    assert edit.provenance["model"] == "any"
    index_hw = opened.document.labels.index_map(CLASSES)
    assert (index_hw[10:30] == 1).all()
    assert (index_hw[30:] == 0).all()
    # Where the model named a class that the project does not have, nothing is taken.
    assert (index_hw[:4, :4] == 255).all()
    opened.undo()
    assert np.array_equal(opened.document.labels.raster.ids_hw, before)


def test_accepting_one_region_or_class_takes_just_that(opened: Session) -> None:
    predict(opened)
    accept.accept_region_at(opened.document, "prediction:any", (50.0, 50.0))
    assert (opened.document.labels.index_map(CLASSES)[30:] == 0).all()
    assert not opened.document.labels.raster.ids_hw[:30].any()
    accept.accept_class(opened.document, "prediction:any", 1)
    assert (opened.document.labels.index_map(CLASSES)[10:30] == 1).all()
    assert len(opened.document.history.undoable) == 2


def test_accepting_objects_gives_them_new_ids(opened: Session) -> None:
    truth = opened.document.truth
    square = np.array([[10, 10], [30, 10], [30, 30], [10, 30]], float)
    truth.objects.put(SegObject(1, 2, PolygonShape.of(square)))
    with opened.document.begin("own") as stroke:
        stroke.put_object(SegObject(1, 2, PolygonShape.of(square + 40)))
    accept.accept_object_at(opened.document, "truth", (20.0, 20.0))
    assert sorted(item.id for item in opened.document.labels.objects) == [1, 2]
    assert opened.document.labels.objects.get(2).shape.bounds() == Rect(10, 10, 30, 30)
    opened.undo()
    assert [item.id for item in opened.document.labels.objects] == [1]


def test_a_batch_stores_a_layer_for_every_image(opened: Session) -> None:
    opened.predictions.choose("any")
    opened.predictions.predict_all()
    host = opened.predictions._host
    while opened.predictions.is_running:
        # Two requests can wait at once; the test host answers the latest.
        waiting = [r for r in host.requests if r.key in opened.predictions._handles]
        host.pending = opened.predictions._handles[waiting[0].key], waiting[0]
        host.answer()
    assert opened.predictions.done_images == 3
    for item in opened.images:
        assert "prediction:any" in opened.project.layer_names(item.key)
    opened.next_image()
    assert "prediction:any" in opened.document.predictions


def test_a_failed_prediction_is_told_and_a_late_answer_after_cancel_is_dropped(opened: Session) -> None:
    heard = notices(opened)
    opened.predictions.choose("any")
    opened.predictions.predict_image()
    opened.predictions._host.fail("these weights do not fit")
    assert heard[-1].text == "these weights do not fit"
    assert not opened.predictions.is_running
    opened.predictions.predict_image()
    opened.predictions.cancel()
    opened.predictions._host.answer()
    assert not opened.document.predictions


def test_jobs_run_on_threads_and_come_home_in_order() -> None:
    jobs = Jobs()
    arrived: list[int] = []
    for number in range(5):
        jobs.submit(lambda job, n=number: n, done=arrived.append, failed=lambda error: None, lane="compute")
    late = jobs.submit(lambda job: 99, done=arrived.append, failed=lambda error: None, lane="compute", key="k")
    jobs.submit(lambda job: 100, done=arrived.append, failed=lambda error: None, lane="compute", key="k")
    while not jobs.is_idle:
        jobs.run_waiting(timeout=5)
    jobs.close()
    assert arrived == [0, 1, 2, 3, 4, 100]
    assert late.cancel_token.cancelled


def test_an_ambiguous_folder_asks(opened: Session, street: Path) -> None:
    asked = []
    opened.ambiguous.connect(asked.append)
    (street / "SegmentationClass").mkdir()
    (street / "ImageSets" / "Segmentation").mkdir(parents=True)
    (street / "JPEGImages").mkdir()
    (street / "gtFine" / "val" / "town").mkdir(parents=True)
    (street / "leftImg8bit" / "val" / "town").mkdir(parents=True)
    stem = "town_000000_000019"
    picture = (street / "images" / "view_0.png").read_bytes()
    (street / "leftImg8bit" / "val" / "town" / f"{stem}_leftImg8bit.png").write_bytes(picture)
    polygons = '{"imgWidth": 90, "imgHeight": 60, "objects": []}'
    (street / "gtFine" / "val" / "town" / f"{stem}_gtFine_polygons.json").write_text(polygons)
    (street / "ImageSets" / "Segmentation" / "val.txt").write_text("view_0\n")
    (street / "JPEGImages" / "view_0.jpg").write_bytes(picture)
    (street / "SegmentationClass" / "view_0.png").write_bytes((street / "labels" / "view_0.png").read_bytes())
    opened.open_path(street)
    assert {"cityscapes", "voc"} <= {candidate.name for candidate in asked[0].candidates}
    assert opened.document.item.name == "view_0"
    opened.open_path(street, format="cityscapes")
    assert opened.dataset.format == "cityscapes"


def test_opening_the_same_data_set_again_keeps_its_project_writable(opened: Session, street: Path) -> None:
    paint_road(opened)
    painted = opened.document.labels.raster.ids_hw.copy()
    opened.open_path(street, format="class-id-png", class_set=CLASSES)
    assert not opened.project.read_only
    assert np.array_equal(opened.document.labels.raster.ids_hw, painted)
    paint_road(opened)
    opened.project.flush()


def test_going_to_the_open_image_keeps_it_open_with_its_edits(opened: Session) -> None:
    document = opened.document
    paint_road(opened)
    opened.go(0)
    assert opened.document is document
    opened.undo()
    assert not document.labels.raster.ids_hw.any()


def test_an_opened_project_is_backed_up_once_an_hour(opened: Session) -> None:
    from segstudio.store.backups import list_backups

    path = opened.project.path
    assert len(list_backups(path)) == 1
    paint_road(opened)
    opened.next_image()
    assert len(list_backups(path)) == 1
