"""One picture, or a folder of them, without labels."""

from __future__ import annotations

from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.formats.files import IMAGE_SUFFIXES, Probe, key_of, list_files
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.report import POSSIBLE, Candidate
from segstudio.ops.image import probe_size_hw


def _detect(probe: Probe) -> Candidate | None:
    if not probe.is_dir:
        try:
            height, width = probe_size_hw(probe.path)
        except UserError:
            return None
        return Candidate("images", f"a picture of {width}×{height} pixels", POSSIBLE)
    pictures = probe.ending(*IMAGE_SUFFIXES)
    return Candidate("images", f"{len(pictures)} or more pictures", POSSIBLE) if pictures else None


def _read(path: Path, options: ReadOptions) -> Dataset:
    class_set = options.class_set or ClassSet("custom", ())
    if path.is_file():
        item = ImageItem(path.stem, path, probe_size_hw(path))
        return Dataset(path.stem, path.parent, "images", class_set, [item])
    listing = list_files(path, suffixes=IMAGE_SUFFIXES)
    if not listing.files:
        raise UserError(f"{path}: holds no pictures")
    images = [ImageItem(key, path / name) for key, name in unique_keys(listing.files).items()]
    skipped = tuple(Skipped(name, reason) for name, reason in listing.refused)
    return Dataset(path.name, path, "images", class_set, images, skipped)


def unique_keys(names: list[str]) -> dict[str, str]:
    """Key → relative name; pictures that differ only in the suffix keep it in their key."""
    keys: dict[str, str] = {}
    for name in names:
        key = key_of(name)
        keys[name if key in keys else key] = name
    return keys


FORMAT = Format("images", "Pictures without labels", _detect, _read)
