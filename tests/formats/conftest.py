"""Small data sets in every layout, made from arrays that the tests know."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photo():
    """Writes a picture of (height, width) at a path."""

    def write(path, size_hw=(6, 8)):
        path.parent.mkdir(parents=True, exist_ok=True)
        shade = np.linspace(0, 255, size_hw[0] * size_hw[1] * 3).reshape(*size_hw, 3)
        Image.fromarray(shade.astype(np.uint8)).save(path)
        return path

    return write


@pytest.fixture
def mask():
    """Writes an integer array as a grey PNG."""

    def write(path, values):
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.asarray(values)
        Image.fromarray(values.astype(np.uint8 if values.max(initial=0) < 256 else np.uint16)).save(path)
        return path

    return write


@pytest.fixture
def coco_file(tmp_path):
    """Writes a COCO document; without arguments one with a polygon, a crowd and an annotation with id 0."""

    def write(document=None, name="instances.json"):
        path = tmp_path / "coco" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document if document is not None else coco_document()))
        return path

    return write


def coco_document():
    square = [[1.0, 1.0, 4.0, 1.0, 4.0, 3.0, 1.0, 3.0]]
    crowd = {"size": [6, 8], "counts": [6, 12, 30]}
    return {
        "images": [{"id": 7, "file_name": "a.jpg", "height": 6, "width": 8, "weather": "dry"}],
        "annotations": [
            {"id": 0, "image_id": 7, "category_id": 3, "segmentation": square, "area": 6.0, "bbox": [1, 1, 3, 2]}
            | {"iscrowd": 0, "annotator": "ann"},
            {"id": 5, "image_id": 7, "category_id": 90, "segmentation": crowd, "area": 12, "bbox": [1, 0, 2, 6]}
            | {"iscrowd": 1},
        ],
        "categories": [{"id": 3, "name": "car"}, {"id": 90, "name": "toothbrush", "supercategory": "indoor"}],
        "made_by": {"tool": "a test"},
    }


@pytest.fixture
def cityscapes_tree(tmp_path, photo, mask):
    """A Cityscapes tree of one image whose polygons and rasters agree, and one with rasters only."""
    root = tmp_path / "city"
    folder = root / "gtFine" / "val" / "aachen"
    name = "aachen_000000_000019"
    polygons = [
        {"label": "road", "polygon": [[0, 3], [7, 3], [7, 5], [0, 5]], "user": "ann"},
        {"label": "cargroup", "polygon": [[0, 0], [2, 0], [2, 1], [0, 1]]},
        {"label": "sky", "polygon": [[0, 0], [7, 0], [7, 5], [0, 5]], "deleted": 1},
        {"label": "car", "polygon": [[4, 2], [6, 2], [6, 4], [4, 4]], "date": "1-Jan-2020 00:00:00"},
        {"label": "license plate", "polygon": [[5, 3], [5, 4], [6, 4]]},
    ]
    labels = np.zeros((6, 8), np.uint8)
    labels[3:] = 7
    labels[:2, :3] = 26
    labels[2:5, 4:7] = 26
    instances = labels.astype(np.uint16)
    instances[2:5, 4:7] = 26000
    photo(root / "leftImg8bit" / "val" / "aachen" / f"{name}_leftImg8bit.png")
    mask(folder / f"{name}_gtFine_labelIds.png", labels)
    mask(folder / f"{name}_gtFine_instanceIds.png", instances)
    document = {"imgHeight": 6, "imgWidth": 8, "objects": polygons}
    (folder / f"{name}_gtFine_polygons.json").write_text(json.dumps(document))
    other = np.zeros((6, 8), np.uint16)
    other[0, 0], other[1, 1], other[2, 2] = 11, 24001, 24
    mask(folder / "aachen_000001_000019_gtFine_instanceIds.png", other)
    mask(folder / "aachen_000001_000019_gtFine_labelIds.png", np.where(other >= 1000, other // 1000, other))
    return root
