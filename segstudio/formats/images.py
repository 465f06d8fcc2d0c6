"""One picture, or a folder of them, without labels."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import PAGE, Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.formats.files import IMAGE_SUFFIXES, Listing, Probe, key_of, list_files
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import POSSIBLE, Candidate
from segstudio.ops.image import num_pages, probe_size_hw


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        if probe.suffix == ".json":
            return None  # a large one would be read whole, in search of a picture
        try:
            height, width = probe_size_hw(probe.path)
        except UserError:
            return None
        return Candidate("images", f"a picture of {width}×{height} pixels", POSSIBLE)
    pictures = probe.ending(*IMAGE_SUFFIXES)
    return Candidate("images", f"{len(pictures)} or more pictures", POSSIBLE) if pictures else None


MANY = 5000
"""Of more pictures than this, the first are shown before each was looked at."""


def _read(path: Path, options: ReadOptions) -> Dataset:
    if path.is_file():
        size_hw = probe_size_hw(path)
        return Dataset(path.stem, path.parent, "images", _class_set(options), _items(path.stem, path, size_hw))
    return _of_folder(path, _listed(path), options)


def _first(path: Path, options: ReadOptions, count: int) -> Dataset | None:
    if path.is_file():
        return None
    listing = _listed(path)
    return _of_folder(path, listing, options, count=count) if len(listing.files) > MANY else None


def _listed(path: Path) -> Listing:
    listing = list_files(path, suffixes=IMAGE_SUFFIXES)
    if not listing.files:
        raise UserError(f"{path}: holds no pictures")
    return listing


def _of_folder(path: Path, listing: Listing, options: ReadOptions, *, count: int | None = None) -> Dataset:
    keys = unique_keys(listing.files[:count])
    images = [item for key, name in keys.items() for item in _items(key, path / name)]
    skipped = tuple(Skipped(name, reason) for name, reason in listing.refused)
    return Dataset(path.name, path, "images", _class_set(options), images[:count], skipped)


def _class_set(options: ReadOptions) -> ClassSet:
    return options.class_set or ClassSet("custom", ())


def _items(key: str, path: Path, size_hw: tuple[int, int] | None = None) -> list[ImageItem]:
    """One image for each picture of a file; those of a stack are one sequence."""
    try:
        count = num_pages(path)
    except UserError:
        count = 1  # told when it is opened
    if count == 1:
        return [ImageItem(key, path, size_hw)]
    digits = max(3, len(str(count)))
    return [
        ImageItem(f"{key}_p{page + 1:0{digits}}", path, size_hw, sequence=key, extra={PAGE: page})
        for page in range(count)
    ]


def unique_keys(names: list[str]) -> dict[str, str]:
    """Key → relative name; pictures that differ only in the suffix keep it in their key."""
    keys: dict[str, str] = {}
    for name in names:
        key = key_of(name)
        keys[name if key in keys else key] = name
    return keys


FORMAT = Format("images", "Pictures without labels", _detect, _read, first=_first)
