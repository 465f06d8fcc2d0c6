"""What we write in COCO's layouts against pycocotools and Cityscapes' copy of the panoptic evaluation."""

from __future__ import annotations

import contextlib
import io
import json

import numpy as np
import pytest

from segstudio import formats
from segstudio.core.geometry import Rect
from segstudio.ops import shapes

coco = pytest.importorskip("pycocotools.coco")
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def quietly(call, *args):
    with contextlib.redirect_stdout(io.StringIO()):
        return call(*args)


@pytest.fixture(scope="module", params=["coco-instances-ccby", "coco-panoptic-ccby", "layouts-real/cityscapes"])
def dataset(request, shared_data):
    return formats.read(shared_data / request.param)


@pytest.mark.parametrize("form", ["auto", "polygons", "rle", "counts"])
def test_pycocotools_sees_the_pixels_that_we_see(dataset, tmp_path, form):
    formats.write(dataset, tmp_path / "out.json", "coco-instances", segmentation=form)
    theirs = quietly(coco.COCO, str(tmp_path / "out.json"))
    for item in formats.read(tmp_path / "out.json"):
        annotation = item.read_annotation()
        for o in annotation.objects:
            mask = theirs.annToMask(theirs.anns[o.id]).astype(bool)
            assert np.array_equal(mask, shapes.mask_of(o.shape, Rect.of_size(*mask.shape), mask.shape))


def test_scores_of_our_results_against_our_truth_are_perfect(dataset, tmp_path):
    from pycocotools.cocoeval import COCOeval

    formats.write(dataset, tmp_path / "truth.json", "coco-instances")
    truth = quietly(coco.COCO, str(tmp_path / "truth.json"))
    written = formats.read(tmp_path / "truth.json")
    formats.write(written, tmp_path / "results.json", "coco-results")
    results = quietly(truth.loadRes, str(tmp_path / "results.json"))
    evaluation = COCOeval(truth, results, "segm")
    evaluation.params.maxDets = [1, 10, 1000]
    quietly(evaluation.evaluate)
    quietly(evaluation.accumulate)
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    assert precision[precision > -1].size
    assert precision[precision > -1].min() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("source", ["coco-panoptic-ccby", "layouts-real/cityscapes", "coco-instances-ccby"])
@pytest.mark.parametrize(
    "tool", ["panopticapi.evaluation", "cityscapesscripts.evaluation.evalPanopticSemanticLabeling"]
)
def test_panoptic_quality_of_an_export_against_itself_is_one(shared_data, tmp_path, source, tool):
    evaluation = pytest.importorskip(tool)
    dataset = formats.read(shared_data / source)
    formats.write(dataset, tmp_path / "out", "coco-panoptic")
    for path in sorted((tmp_path / "out" / "annotations").glob("*.json")):
        document = json.loads(path.read_text())
        categories = {row["id"]: row for row in document["categories"]}
        pairs = [(row, row) for row in document["annotations"]]
        folder = str(path.with_suffix(""))
        stat = quietly(evaluation.pq_compute_single_core, 0, pairs, folder, folder, categories)
        tp = sum(stat[c].tp for c in categories)
        assert sum(stat[c].fp + stat[c].fn for c in categories) == 0
        assert sum(stat[c].iou for c in categories) == tp > 0


def test_panopticapi_makes_the_instances_that_we_make_of_its_layout(shared_data, tmp_path):
    """The converter beside panopticapi, on our panoptic export, against our own COCO instances of the same labels."""
    converter = pytest.importorskip("converters.panoptic2detection_coco_format")
    dataset = formats.read(shared_data / "coco-panoptic-ccby")
    formats.write(dataset, tmp_path / "out", "coco-panoptic")
    (path,) = (tmp_path / "out" / "annotations").glob("*.json")
    theirs = tmp_path / "theirs.json"
    categories = tmp_path / "categories.json"
    categories.write_text(json.dumps(json.loads(path.read_text())["categories"]))
    quietly(converter.convert_panoptic_to_detection_coco_format, str(path), None, str(theirs), str(categories), False)
    found = {(a["image_id"], a["category_id"], json.dumps(a["segmentation"])) for a in _annotations(theirs)}
    formats.write(formats.read(tmp_path / "out"), tmp_path / "ours.json", "coco-instances")
    ours = {
        (a["image_id"], a["category_id"], json.dumps(a["segmentation"])) for a in _annotations(tmp_path / "ours.json")
    }
    assert len(found) > 200
    assert {(i, c) for i, c, _ in found} == {(i, c) for i, c, _ in ours}
    assert _masks(found) == _masks(ours)


def _annotations(path):
    return json.loads(path.read_text())["annotations"]


def _masks(rows):
    from pycocotools import mask

    def pixels(text):
        segmentation = json.loads(text)
        if isinstance(segmentation["counts"], list):
            segmentation = mask.frPyObjects(segmentation, *segmentation["size"])
        return mask.decode(segmentation).tobytes()

    return {(image, category, pixels(text)) for image, category, text in rows}
