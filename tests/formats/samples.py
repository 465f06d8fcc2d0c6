"""One small data set per format, copied or made in a folder: what the hostile and the detection tests start from."""

from __future__ import annotations

import shutil

import numpy as np
from PIL import Image

from segstudio import formats
from segstudio.core import ClassSet

TINY = "layouts-tiny-datumaro"
TOOLS = "label-tools/made-from-coco"

COPIES = {
    "coco-instances": f"{TINY}/coco_dataset/coco_instances",
    "coco-panoptic": f"{TINY}/coco_dataset/coco_panoptic",
    "cityscapes": f"{TINY}/cityscapes_dataset/train_dataset",
    "voc": f"{TINY}/voc_dataset/voc_dataset1",
    "ade20k": f"{TINY}/ade20k2017_dataset/dataset",
    "camvid": f"{TINY}/camvid_dataset",
    "kitti": f"{TINY}/kitti_dataset/kitti_segmentation",
    "synthia": f"{TINY}/synthia_dataset/rand_custom_labelmap",
    "mapillary": f"{TINY}/mapillary_vistas_dataset",
    "cvat": "label-tools/genuine/cvat/datumaro/for_images/export_project",
    "labelme": f"{TOOLS}/labelme",
    "yolo-seg": f"{TOOLS}/yolo-seg",
    "isat": "label-tools/genuine/isat",
    "label-studio": f"{TOOLS}/labelstudio",
    "supervisely": f"{TOOLS}/supervisely",
    "via": "label-tools/genuine/via",
}


def place(name, shared_data, root):
    """Put the sample of a format into `root`; returns the path to open."""
    if name in COPIES:
        shutil.copytree(shared_data / COPIES[name], root, ignore=shutil.ignore_patterns("config_v1.2.json", "v1.2"))
        if name == "via":
            (root / "unit_test_annotation1.csv").unlink()
        return root
    root.mkdir(parents=True)
    return MADE[name](root)


def _grey(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values)).save(path)


def _photo(path, size_hw=(4, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((*size_hw, 3), 90, np.uint8)).save(path)


def _class_id_png(root):
    _photo(root / "images" / "a.jpg")
    _grey(root / "labels" / "a.png", np.arange(24, dtype=np.uint8).reshape(4, 6) % 5)
    return root


def _images(root):
    _photo(root / "a.png")
    return root


def _results(root):
    rows = [
        {"image_id": 1, "category_id": 1, "score": 0.5, "bbox": [0, 0, 2, 2]}
        | {"segmentation": {"size": [4, 6], "counts": "04d0"}}
    ]
    (root / "results.json").write_text(__import__("json").dumps(rows))
    return root


def _gta5(root):
    class_set = ClassSet.load("gta5")
    _photo(root / "images" / "00001.png")
    picture = Image.fromarray(np.full((4, 6), 7, np.uint8), mode="P")
    colors = {c.id: c.color for c in class_set.classes}
    picture.putpalette([v for i in range(256) for v in colors.get(i, (0, 0, 0))])
    (root / "labels").mkdir()
    picture.save(root / "labels" / "00001.png")
    return root


def _bdd100k(root):
    _photo(root / "images" / "10k" / "val" / "a.jpg")
    _grey(root / "labels" / "sem_seg" / "masks" / "val" / "a.png", np.array([[0, 18, 255]] * 4, np.uint8).repeat(2, 1))
    return root


def _stanford(root):
    _photo(root / "images" / "a.jpg")
    (root / "labels").mkdir()
    (root / "labels" / "a.regions.txt").write_text("0 1 2 3 4 -1\n" * 4)
    return root


def _pascal_context(root):
    from scipy.io import savemat

    (root / "trainval").mkdir()
    savemat(root / "trainval" / "2008_000002.mat", {"LabelMap": np.array([[1, 2, 3, 2, 1, 1]] * 4, np.uint16)})
    (root / "labels.txt").write_text("1: accordion\n2: aeroplane\n3: airpot\n")
    _photo(root / "JPEGImages" / "2008_000002.jpg")
    return root


def _pascal_part(root):
    from scipy.io import savemat

    mask = np.zeros((4, 6), np.uint8)
    mask[1:3, 1:4] = 1
    part = {"part_name": "wheel_1", "mask": mask}
    anno = {"imname": "2008_000003", "objects": {"class": "car", "class_ind": 7, "mask": mask, "parts": part}}
    (root / "Annotations_Part").mkdir()
    savemat(root / "Annotations_Part" / "2008_000003.mat", {"anno": anno})
    return root


MADE = {
    "class-id-png": _class_id_png,
    "images": _images,
    "coco-results": _results,
    "gta5": _gta5,
    "bdd100k": _bdd100k,
    "stanford-background": _stanford,
    "pascal-context": _pascal_context,
    "pascal-part": _pascal_part,
}

ALL = [name for name in formats.names() if name in COPIES or name in MADE]
