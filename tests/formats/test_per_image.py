"""Exports in several processes and exports that were interrupted end as those of one process in one go."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import replace

import pytest

from segstudio import formats
from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken
from segstudio.formats import per_image, registry

WRITABLE = [name for name in formats.names() if registry.get(name).write]


def content_of(root):
    if root.is_file():
        return {root.name: hashlib.sha1(root.read_bytes()).hexdigest()}
    return {str(p.relative_to(root)): hashlib.sha1(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def dataset(shared_data):
    full = formats.read(shared_data / "coco-instances-ccby")
    return replace(full, images=full.images[:4])


def interrupted(dataset, target, name, after, **options):
    """Write until `after` images are done; returns how many images were read."""
    token = CancelToken()
    reads = []

    def counting(item):
        def read():
            reads.append(item.key)
            return item.read_annotation()

        return replace(item, read_annotation=read)

    def progress(done, total, text=""):
        if done == after:
            token.cancel()

    counted = replace(dataset, images=[counting(item) for item in dataset.images])
    with contextlib.suppress(Cancelled):
        formats.write(counted, target, name, cancel=token, progress=progress, stamp="s", **options)
    return reads


@pytest.mark.parametrize("name", WRITABLE)
def test_an_interrupted_export_goes_on_and_ends_as_any_other(dataset, tmp_path, name):
    formats.write(dataset, tmp_path / "once", name)
    target = tmp_path / "twice"
    assert len(interrupted(dataset, target, name, after=2)) == 2
    assert not target.exists()
    assert len(interrupted(dataset, target, name, after=-1)) == 2
    assert content_of(target) == content_of(tmp_path / "once")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["once", "twice"]


@pytest.mark.parametrize("name", ["cityscapes", "coco-instances"])
def test_several_processes_write_what_one_writes(dataset, tmp_path, name):
    one = formats.write(dataset, tmp_path / "one", name)
    two = formats.write(dataset, tmp_path / "two", name, workers=2)
    assert content_of(tmp_path / "one") == content_of(tmp_path / "two")
    assert one.to_json() == two.to_json()


def test_another_conversion_does_not_go_on_from_this_one(dataset, tmp_path):
    interrupted(dataset, tmp_path / "t", "class-id-png", after=2)
    assert len(interrupted(dataset, tmp_path / "t", "cityscapes", after=-1)) == 4
    written = {path.name for path in (tmp_path / "t").iterdir()}
    assert "gtFine" in written
    assert not {f"{item.key}.png" for item in dataset} & written


def test_a_journal_that_was_cut_off_loses_only_its_last_line(dataset, tmp_path):
    interrupted(dataset, tmp_path / "t", "labelme", after=3)
    journal = next(tmp_path.rglob("progress.jsonl"))
    journal.write_bytes(journal.read_bytes()[:-7])
    assert len(interrupted(dataset, tmp_path / "t", "labelme", after=-1)) == 2
    assert len(formats.read(tmp_path / "t")) == 4


def test_files_that_vanished_meanwhile_are_noticed_and_not_gone_on_from(dataset, tmp_path):
    interrupted(dataset, tmp_path / "t", "labelme", after=2)
    next(tmp_path.rglob("*.json")).unlink()
    with pytest.raises(EnvironmentFault, match="is missing"):
        formats.write(dataset, tmp_path / "t", "labelme", stamp="s")
    assert len(interrupted(dataset, tmp_path / "t", "labelme", after=-1)) == 4


def _strange(annotation):
    raise ZeroDivisionError("nobody thought of it")


def test_one_image_that_nobody_thought_of_is_skipped_and_the_rest_delivered(dataset, tmp_path):
    first, *rest = dataset.images
    strange = replace(dataset, images=[replace(first, read_annotation=lambda: _strange(None)), *rest])
    report = formats.write(strange, tmp_path / "t", "labelme")
    assert report.written == 3
    assert [s.name for s in report.skipped] == [first.key]
    assert "ZeroDivisionError" in report.skipped[0].reason


def test_annotations_without_files_travel_to_the_processes(dataset, tmp_path):
    here = replace(dataset, images=[_in_memory(item) for item in dataset.images])
    formats.write(here, tmp_path / "two", "class-id-png", workers=2)
    formats.write(dataset, tmp_path / "one", "class-id-png")
    assert content_of(tmp_path / "one") == content_of(tmp_path / "two")


def _in_memory(item):
    annotation = item.read_annotation()
    return replace(item, read_annotation=lambda: annotation)


def test_outcomes_survive_their_journal(tmp_path):
    from segstudio.formats.writing import Written

    loss = formats.Loss("redrawn", 1, 7, class_pixels={3: (5, 12)})
    outcome = per_image.Outcome({"a": [1.5, None]}, Written({1: 2}, {1: 9}, 2), (loss,))
    journal = per_image.Journal(tmp_path / "j", "header")
    journal.add("k", outcome)
    journal.close()
    for header, expected in (("header", outcome), ("other", None)):
        journal = per_image.Journal(tmp_path / "j", header)
        assert journal.known("k") == expected
        journal.close()


def test_what_a_mapping_drops_is_told(dataset, tmp_path):
    from segstudio.formats.mapping import mapped, mapping_of_file

    used = next(o.class_id for item in dataset for o in item.read_annotation().objects)
    table = tmp_path / "map.json"
    table.write_text(json.dumps({"classes": {dataset.class_set.by_id[used].name: None}}))
    work = mapped(dataset, mapping_of_file(table, dataset.class_set))
    kinds = {loss.kind: loss.count for loss in formats.losses(work, "labelme")}
    assert kinds["classes without a target"] > 0
    report = formats.write(work, tmp_path / "t", "labelme")
    assert {loss.kind: loss.count for loss in report.losses} == kinds
    assert dataset.class_set.by_id[used].name not in formats.read(tmp_path / "t").class_set.by_name


def test_names_that_lead_out_of_the_target_are_refused(dataset, tmp_path):
    first, *rest = dataset.images
    evil = replace(first, key="../../evil", extra={})
    report = formats.write(replace(dataset, images=[evil, *rest]), tmp_path / "in" / "t", "labelme")
    assert [s.name for s in report.skipped] == ["../../evil"]
    assert not list(tmp_path.glob("evil*"))


def test_a_refused_target_keeps_no_remains(dataset, tmp_path):
    with pytest.raises(UserError):
        formats.write(replace(dataset, images=[]), tmp_path / "t", "labelme", stamp="s")
    assert list(tmp_path.iterdir()) == []
