"""A target is replaced as a whole or stays as it was, and nothing else is ever left behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from segstudio import formats
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken


def _tree(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def dataset(cityscapes_tree):
    return formats.read(cityscapes_tree)


def test_an_own_export_is_replaced_as_a_whole(dataset, tmp_path):
    target = tmp_path / "out" / "export"
    formats.write(dataset, target, "cityscapes", train_ids=True)
    formats.write(dataset, target, "class-id-png")
    assert not (target / "gtFine").exists()
    assert formats.read(target).format == "class-id-png"
    assert [p.name for p in target.parent.iterdir()] == ["export"]


def test_a_folder_with_a_foreign_file_is_refused_and_kept(dataset, tmp_path):
    target = tmp_path / "out"
    formats.write(dataset, target, "class-id-png")
    (target / "notes.txt").write_text("mine")
    before = _tree(target)
    with pytest.raises(UserError, match=r"notes\.txt"):
        formats.write(dataset, target, "class-id-png")
    assert _tree(target) == before


def test_cancelling_leaves_the_old_target_and_no_litter(dataset, tmp_path):
    target = tmp_path / "out" / "export"
    formats.write(dataset, target, "class-id-png")
    before = _tree(target)
    cancel = CancelToken()

    def stop_at_second(done, total, text=""):
        if done == 1:
            cancel.cancel()

    with pytest.raises(Cancelled):
        formats.write(dataset, target, "cityscapes", progress=stop_at_second, cancel=cancel)
    assert _tree(target) == before
    assert [p.name for p in target.parent.iterdir()] == ["export"]


def test_a_write_that_reads_back_differently_is_not_swapped_in(dataset, tmp_path, monkeypatch):
    from segstudio.formats import class_id_png

    monkeypatch.setattr(class_id_png, "values_of", lambda annotation, *rest: 0 * annotation.labels_hw.astype("int32"))
    target = tmp_path / "out" / "export"
    with pytest.raises(EnvironmentFault, match="areas"):
        formats.write(dataset, target, "class-id-png")
    assert list(target.parent.iterdir()) == []


def test_a_full_disk_is_a_fault_of_the_machine_and_leaves_nothing(dataset, tmp_path, monkeypatch):
    from segstudio.ops import label_png

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(label_png, "write_png", full)
    with pytest.raises(EnvironmentFault, match="No space left"):
        formats.write(dataset, tmp_path / "out" / "export", "class-id-png")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_json_file_of_another_kind_is_not_overwritten(dataset, tmp_path):
    path = tmp_path / "settings.json"
    path.write_text('{"theme": "dark"}')
    with pytest.raises(UserError, match="exists and is no coco-instances file"):
        formats.write(dataset, path, "coco-instances")
    assert path.read_text() == '{"theme": "dark"}'


def test_an_unreadable_image_is_skipped_with_its_reason_and_the_rest_is_written(dataset, tmp_path):
    def broken():
        raise UserError("b.png: is a damaged image")

    images = [*dataset.images, ImageItem("b", None, read_annotation=broken), ImageItem("c", None)]
    report = formats.write(replace(dataset, images=images), tmp_path / "out", "class-id-png")
    assert (report.read, report.written) == (4, 2)
    assert [(s.name, s.reason) for s in report.skipped] == [("b", "b.png: is a damaged image"), ("c", "has no labels")]


def test_nothing_to_write_is_an_error(dataset, tmp_path):
    with pytest.raises(UserError, match="nothing could be written"):
        formats.write(replace(dataset, images=[]), tmp_path / "out", "class-id-png")
    assert not (tmp_path / "out").exists()
