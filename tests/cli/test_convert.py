"""`segstudio convert`: mapping, workers, going on after a kill, ambiguous sources, and what the source says itself."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segstudio import formats

ROOT = Path(__file__).parents[2]


def test_a_class_mapping_is_taken_as_classes_too(segstudio, shared_data, tmp_path):
    table = tmp_path / "map.json"
    table.write_text(json.dumps({"person": None, "bus": "car"}))
    source = shared_data / "coco-instances-ccby"
    for option, target in (("--classes", "a"), ("--map", "b")):
        outcome = segstudio("convert", source, tmp_path / target, "--to", "labelme", option, table, "--json")
        assert outcome.code == 0
        assert "classes without a target" in {loss["kind"] for loss in outcome.document["losses"]}
    names = {c.name for c in formats.read(tmp_path / "a").class_set.classes}
    assert names == {c.name for c in formats.read(tmp_path / "b").class_set.classes}
    assert "car" in names
    assert not names & {"person", "bus"}


def test_losses_name_images_and_the_iou_of_what_is_drawn_anew(segstudio, shared_data, tmp_path):
    source = shared_data / "coco-instances-ccby"
    outcome = segstudio("convert", source, tmp_path / "o", "--to", "voc", "--workers", 2, "--json")
    loss = next(loss for loss in outcome.document["losses"] if "mean_iou" in loss)
    assert 0 < loss["mean_iou"] < 1
    assert loss["pixels"] == sum(row["pixels"] for row in loss["per_image"])
    assert {"id", "iou"} == loss["classes"][0].keys()
    told = segstudio("convert", source, tmp_path / "p", "--to", "voc").out
    assert f"{loss['pixels']} pixels in {loss['count']} images; mean IoU {100 * loss['mean_iou']:.2f} %" in told


def test_polygons_that_contradict_their_rasters_are_told(segstudio, shared_data, tmp_path):
    root = tmp_path / "city"
    source = formats.read(shared_data / "coco-panoptic-ccby")
    formats.write(replace(source, images=source.images[:2]), root, "cityscapes")
    raster = next(root.rglob("*_labelIds.png"))
    pixels = np.array(Image.open(raster))
    pixels[:2, :3] = 4
    Image.fromarray(pixels).save(raster)
    for verb, target in ((("convert", "--to", "class-id-png"), "ids"), (("import",), "p.segproj")):
        losses = segstudio(verb[0], root, tmp_path / target, *verb[1:], "--json").document["losses"]
        told = next(loss for loss in losses if "disagree" in loss["kind"])
        assert (told["count"], told["pixels"]) == (1, 6)


def test_an_ambiguous_source_exits_with_2_and_names_the_candidates(segstudio, tmp_path):
    document = {"images": [{"id": 1, "file_name": "a.png", "height": 4, "width": 4}], "annotations": []}
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "coco.json").write_text(json.dumps(document))
    shapes = {"version": "5", "shapes": [], "imagePath": "a.png", "imageHeight": 4, "imageWidth": 4}
    (tmp_path / "d" / "a.json").write_text(json.dumps(shapes))
    outcome = segstudio("convert", tmp_path / "d", tmp_path / "o", "--to", "voc")
    assert outcome.code == 2
    assert "coco-instances" in outcome.err
    assert "labelme" in outcome.err
    assert len(outcome.err.strip().splitlines()) == 1
    assert not (tmp_path / "o").exists()


@pytest.mark.skipif(os.name == "nt", reason="kills a process with a signal")
def test_a_killed_conversion_goes_on_where_it_was(segstudio, shared_data, tmp_path):
    source, target = shared_data / "coco-panoptic-ccby", tmp_path / "out"
    command = [sys.executable, "-m", "segstudio", "convert", source, target, "--to", "cityscapes"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    journal = tmp_path / ".out.resume.part" / "progress.jsonl"
    while process.poll() is None and (not journal.is_file() or journal.read_bytes().count(b"\n") < 4):
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert journal.is_file()
    assert not target.exists()
    done = [path.stat().st_mtime_ns for path in journal.parent.rglob("*_labelIds.png")]
    outcome = segstudio("convert", source, target, "--to", "cityscapes", "--json")
    assert (outcome.code, outcome.document["written"]) == (0, 32)
    assert not journal.parent.exists()
    kept = {path.stat().st_mtime_ns for path in target.rglob("*_labelIds.png")}
    assert len(kept & set(done)) >= 3
    assert segstudio("convert", source, tmp_path / "once", "--to", "cityscapes", "--no-resume").code == 0
    assert _content(target) == _content(tmp_path / "once")


def _content(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
