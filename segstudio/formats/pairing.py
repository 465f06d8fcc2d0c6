"""Which picture a label file belongs to: by its path without the words and endings that say "picture" or "label"."""

from __future__ import annotations

import posixpath

from segstudio.formats.files import IMAGE_SUFFIXES, key_of

ROLES = frozenset(
    [
        "images",
        "image",
        "imgs",
        "img",
        "photos",
        "pictures",
        "rgb",
        "leftimg8bit",
        "jpegimages",
        "image_2",
        "labels",
        "label",
        "masks",
        "mask",
        "annotations",
        "annotation",
        "gt",
        "gtfine",
        "gtcoarse",
        "ground_truth",
        "groundtruth",
        "segmentationclass",
        "semantic",
        "seg",
        "segmentation",
        "predictions",
        "prediction",
        "results",
        "pred",
    ]
)
"""Folder names that say what kind of file lies in them, not which one."""

ENDINGS = (
    "_gtFine_labelIds",
    "_gtFine_labelTrainIds",
    "_gtCoarse_labelIds",
    "_gtCoarse_labelTrainIds",
    "_leftImg8bit",
    "_labelTrainIds",
    "_labelIds",
    "_prediction",
    "_label",
    "_labels",
    "_mask",
    "_pred",
    "_seg",
    "_gt",
    "_L",
)


def label_key(name: str) -> str:
    """The key of a file's image: `labels/a/b_labelIds.png` and `images/a/b.jpg` both give `a/b`."""
    folder, stem = posixpath.split(key_of(name))
    for ending in ENDINGS:
        if stem.endswith(ending) and len(stem) > len(ending):
            stem = stem[: -len(ending)]
            break
    parts = [part for part in folder.split("/") if part and part.lower() not in ROLES]
    return "/".join((*parts, stem))


def picture_of_key(names: list[str]) -> dict[str, str]:
    """Key → picture, and last part of the key → picture where only one has it."""
    by_key: dict[str, str] = {}
    by_stem: dict[str, list[str]] = {}
    for name in names:
        if posixpath.splitext(name)[1].lower() in IMAGE_SUFFIXES:
            key = label_key(name)
            by_key.setdefault(key, name)
            by_stem.setdefault(key.rsplit("/", 1)[-1], []).append(name)
    unique = {stem: found[0] for stem, found in by_stem.items() if len(found) == 1}
    return {**unique, **by_key}


def group_by_folder(names: list[str]) -> dict[str, list[str]]:
    """The files by folder and ending of their name: files of one group are of one kind."""
    groups: dict[str, list[str]] = {}
    for name in names:
        folder, stem = posixpath.split(key_of(name))
        ending = next((e for e in ENDINGS if stem.endswith(e)), "")
        groups.setdefault(f"{folder}|{ending}", []).append(name)
    return groups
