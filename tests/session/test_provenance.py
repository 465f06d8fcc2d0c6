"""An export that was asked to says of each label who made it, with which tool and from which model run."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, Layer
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.session.dataset import exporting
from segstudio.session.edits.accept import accept_everything
from segstudio.workflows.export import export

PERSON_TOOL = ("tester", "polygon")


def add_object(session, left):
    square = np.array([[left, 2], [left + 10, 2], [left + 10, 12], [left, 12]], float)
    with session.document.begin("polygon", tool="polygon") as stroke:
        stroke.put_object(SegObject(stroke.layer.objects.free_id(), 2, PolygonShape.of(square)))


@pytest.fixture
def labelled(opened):
    """Three objects: two of a person, the second of which another tool moved and undo took back, and one of a model."""
    document = opened.document
    add_object(opened, 0)
    add_object(opened, 20)
    second = document.labels.objects.in_order()[1]
    with document.begin("move", tool="select") as stroke:
        stroke.put_object(SegObject(second.id, 1, second.shape, z=second.z))
    opened.undo()
    found = Layer("prediction:net", document.size_hw, locked=True)
    square = np.array([[40, 2], [50, 2], [50, 12], [40, 12]], float)
    annotation = found.to_annotation()
    annotation = type(annotation)(annotation.size_hw, objects=(SegObject(1, 2, PolygonShape.of(square)),))
    opened.project.add_run("net", model="espnet", weights_hash="abcd")
    document.set_prediction(Layer.from_annotation("prediction:net", annotation, locked=True))
    accept_everything(document, "prediction:net")
    opened.project.flush()
    return opened


def written(session, target, format, *, provenance=True):
    reports = []
    work = exporting.snapshot(session, provenance=provenance)
    exporting.export(session, work, target, format=format, done=reports.append)
    return reports[0]


def kinds(report):
    return {loss.kind.partition(" (")[0]: loss.count for loss in report.losses}


def test_each_object_bears_the_edit_that_made_it(labelled):
    found = labelled.project.origins(labelled.document.key, LABELS)
    by_place = [found.objects[item.id] for item in labelled.document.labels.objects.in_order()]
    assert [(origin["person"], origin["tool"]) for origin in by_place] == [
        PERSON_TOOL,
        PERSON_TOOL,
        ("tester", "accept"),
    ]
    edits = labelled.project.edits(labelled.document.key)
    assert [origin["when"] for origin in by_place] == [edits[0].when, edits[1].when, edits[4].when]
    assert {name: by_place[2][name] for name in ("run", "model", "weights")} == {
        "run": "net",
        "model": "espnet",
        "weights": "abcd",
    }
    assert "run" not in by_place[0]
    assert found.raster == {}


def test_painted_regions_name_everybody_and_everything_that_painted(labelled, tmp_path):
    for number, tool in enumerate(("brush", "fill", "brush")):
        with labelled.document.begin(tool, tool=tool) as stroke:
            rect = Rect(0, 30 + number, 90, 60)
            stroke.write(rect, np.full((rect.height, rect.width), stroke.segment_for_class(number), np.uint16))
    labelled.undo()
    raster = labelled.project.origins(labelled.document.key, LABELS).raster
    assert (raster["person"], raster["tool"]) == ("tester", "brush, fill")
    written(labelled, tmp_path / "coco", "coco-instances")
    (file,) = (tmp_path / "coco" / "annotations").iterdir()
    tools = [row["provenance"]["tool"] for row in json.loads(file.read_bytes())["annotations"]]
    # The brush painted one row above what the fill took from it again, which was undone: one region of each.
    assert tools == ["polygon", "polygon", "accept", "brush", "fill"]


def test_a_region_of_several_makers_counts_the_pixels_of_each(labelled, tmp_path):
    for tool, rect in (("brush", Rect(0, 30, 90, 40)), ("wand", Rect(0, 40, 90, 44))):
        with labelled.document.begin(tool, tool=tool) as stroke:
            stroke.paint(rect, stroke.segment_for_class(0))
    written(labelled, tmp_path / "coco", "coco-instances")
    (file,) = (tmp_path / "coco" / "annotations").iterdir()
    told = json.loads(file.read_bytes())["annotations"][3]["provenance"]
    assert told["tool"] == "brush, wand"
    assert told["parts"] == "human tester brush: 900 px, human tester wand: 360 px"


def test_coco_holds_it_on_request_only(labelled, tmp_path):
    report = written(labelled, tmp_path / "with", "coco-instances")
    assert "provenance" not in kinds(report)
    written(labelled, tmp_path / "without", "coco-instances", provenance=False)
    documents = []
    for name in ("with", "without"):
        (file,) = (tmp_path / name / "annotations").iterdir()
        documents.append(json.loads(file.read_bytes()))
    told = [row.pop("provenance") for row in documents[0]["annotations"]]
    assert told[2]["weights"] == "abcd"
    assert documents[0] == documents[1]


def test_labelme_describes_it_and_cvat_has_attributes(labelled, tmp_path):
    assert "provenance" not in kinds(written(labelled, tmp_path / "labelme", "labelme"))
    shapes = json.loads((tmp_path / "labelme" / "view_0.json").read_bytes())["shapes"]
    assert shapes[0]["description"].startswith("person: tester; tool: polygon; when: ")
    assert shapes[2]["description"].endswith("run: net; model: espnet; weights: abcd")
    assert "provenance" not in kinds(written(labelled, tmp_path / "cvat", "cvat"))
    polygons = ET.parse(tmp_path / "cvat" / "annotations.xml").iter("polygon")
    attributes = [{a.get("name"): a.text for a in polygon} for polygon in polygons]
    assert attributes[0]["provenance.person"] == "tester"
    assert attributes[2]["provenance.run"] == "net"


@pytest.mark.parametrize("format", ["cityscapes", "yolo-seg", "class-id-png"])
def test_formats_that_cannot_hold_it_say_so(labelled, tmp_path, format):
    work = exporting.snapshot(labelled, provenance=True)
    told = []
    exporting.find_losses(labelled, work, format, told.extend)
    before = {loss.kind.partition(" (")[0]: loss.count for loss in told}
    assert before["provenance"] == 3
    without = []
    exporting.find_losses(labelled, exporting.snapshot(labelled), format, without.extend)
    assert not any("provenance" in loss.kind for loss in without)


def test_the_verb_tells_it_of_a_project_and_refuses_what_is_none(labelled, street, tmp_path):
    path = labelled.project.path
    labelled.close()
    export(path, tmp_path / "coco", "coco-instances", provenance=True)
    (file,) = (tmp_path / "coco" / "annotations").iterdir()
    assert [row["provenance"]["person"] for row in json.loads(file.read_bytes())["annotations"]] == ["tester"] * 3
    with pytest.raises(UserError, match="only a project knows"):
        export(street, tmp_path / "other", "coco-instances", provenance=True)
