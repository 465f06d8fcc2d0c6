"""Folders of class-id PNGs as evaluations take them: any value is allowed, and unknown ones do not count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet, LabelClass, distinct_color
from segstudio.core.errors import UserError
from segstudio.formats.class_id_png import CLASS_SET_FILE
from segstudio.formats.class_sniffing import looks_like_labels
from segstudio.formats.files import list_files, natural_key
from segstudio.formats.pairing import group_by_folder, label_key
from segstudio.formats.rasters import present_values
from segstudio.ops.image import read_label_png
from segstudio.workflows.class_mapping import ClassMatch

IndexRaster = NDArray[np.uint8] | NDArray[np.uint16]
PLAIN_CLASSES = 255
PLAIN_IDS = "plain-ids"
"""The name of the class set of ids that nothing explains."""
_SAMPLED = 12


@dataclass(frozen=True, slots=True)
class IdMap:
    """One PNG of class ids, or of train ids."""

    path: Path
    is_train_ids: bool = False


@dataclass(frozen=True, slots=True)
class IdMaps:
    """The PNGs of one side by key; `class_set` is what their names or a file beside them say, None for plain ids."""

    root: Path
    by_key: Mapping[str, IdMap]
    class_set: ClassSet | None
    named_encoding: bool

    def following(self, truth: IdMaps) -> IdMaps:
        """The same files read as train ids where the truth's are and these files' names do not say otherwise."""
        if self.named_encoding or not any(one.is_train_ids for one in truth.by_key.values()):
            return self
        maps = {key: IdMap(one.path, is_train_ids=True) for key, one in self.by_key.items()}
        return IdMaps(self.root, maps, self.class_set, self.named_encoding)


def plain_class_set() -> ClassSet:
    """255 nameless classes whose ids are 0 … 254; 255 is void."""
    rows = (LabelClass(i, f"class {i}", distinct_color(i), train_id=i) for i in range(PLAIN_CLASSES))
    return ClassSet(PLAIN_IDS, tuple(rows), title="class ids 0…254 as they are, 255 is void")


def find_id_maps(path: Path, class_set: ClassSet | None) -> IdMaps:
    """The class-id PNGs at `path`. Raises `UserError` where there are none.

    A folder whose files are named as Cityscapes names them (`…_labelIds.png`, `…_labelTrainIds.png`) and hold its ids
    is Cityscapes'; a `class_set.json` beside the files says what they mean; all others are plain ids. Files whose names
    say nothing but that hold only train ids of the given `class_set`, and 255 for void, are read as train ids.
    """
    root = path if path.is_dir() else path.parent
    names = list_files(root, suffixes=frozenset((".png",))).files if path.is_dir() else [path.name]
    chosen: dict[str, str] = {}
    groups = sorted(
        group_by_folder(names).values(), key=lambda members: _says_ids(members[0])
    )  # ids go before train ids
    for members in groups:
        if all(looks_like_labels(root / name, None) for name in (members[0], members[len(members) // 2])):
            chosen.update((label_key(name), name) for name in members if not _is_picture_of_ids(name))
    if not chosen:
        raise UserError(f"{path}: holds no PNGs of class ids")
    ordered = dict(sorted(chosen.items(), key=lambda pair: natural_key(pair[1])))
    maps = {key: IdMap(root / name, _says_train_ids(name)) for key, name in ordered.items()}
    named = all(_says_train_ids(name) or _says_ids(name) for name in ordered.values())
    if class_set is None:
        own = root / CLASS_SET_FILE
        class_set = ClassSet.load(own) if own.is_file() else _cityscapes(maps) if named else None
    elif not named and _hold_train_ids(maps, class_set):
        maps = {key: IdMap(one.path, is_train_ids=True) for key, one in maps.items()}
    return IdMaps(root, maps, class_set, named)


def holds_only_id_maps(path: Path) -> bool:
    """Whether a folder holds nothing but PNGs of class ids, whatever they are called."""
    if not path.is_dir():
        return False
    names = [name for name in list_files(path).files if name.rsplit("/", 1)[-1] != CLASS_SET_FILE]
    if not names or not all(name.lower().endswith(".png") for name in names):
        return False
    groups = [members for members in group_by_folder(names).values() if not _is_picture_of_ids(members[0])]
    return bool(groups) and all(looks_like_labels(path / members[0], None) for members in groups)


def index_map(one: IdMap, class_set: ClassSet | None, match: ClassMatch | None = None) -> IndexRaster:
    """Evaluation indices `[H, W]` of one PNG; ids that the set does not know or does not count become void.

    `match` leads from the set that the ids are of, where it is another one, to `class_set`. Without a class set the
    values are the indices. Raises `UserError` naming the file.
    """
    values_hw: NDArray[Any] = read_label_png(one.path)
    if values_hw.ndim != 2 or values_hw.dtype not in (np.uint8, np.uint16):
        raise UserError(f"{one.path}: is no PNG of class ids: {values_hw.dtype} {list(values_hw.shape)}")
    if class_set is None:
        if values_hw.dtype == np.uint16 and int(values_hw.max(initial=0)) > IGNORED:
            hint = "name the classes with --classes"
            raise UserError(f"{one.path}: holds values up to {int(values_hw.max())}, beyond plain class ids", hint=hint)
        return values_hw.astype(np.uint8, copy=False)
    indices_hw: IndexRaster = _lut(class_set, match, is_train_ids=one.is_train_ids)[values_hw]
    return indices_hw


def _lut(class_set: ClassSet, match: ClassMatch | None, *, is_train_ids: bool) -> IndexRaster:
    ignored = class_set.ignored_index
    lut: NDArray[Any] = np.full(65536, ignored, np.uint8 if ignored == IGNORED else np.uint16)
    target_of = match.mapping.target_of if match is not None else {c.id: c.id for c in class_set.classes}
    for c in match.mapping.source.classes if match is not None else class_set.classes:
        value = c.train_id if is_train_ids else c.id
        target = target_of.get(c.id)
        if target is not None and target in class_set.index_of and 0 <= value < 65536:
            lut[value] = class_set.index_of[target]
    if is_train_ids:
        lut[IGNORED] = ignored
    return lut


def _cityscapes(maps: Mapping[str, IdMap]) -> ClassSet | None:
    cityscapes = ClassSet.load("cityscapes")
    ids = {c.id for c in cityscapes.classes} | {IGNORED}
    train_ids = {c.train_id for c in cityscapes.classes} | {IGNORED}
    listed = list(maps.values())
    for one in listed[:: max(1, len(listed) // _SAMPLED)]:
        try:
            found = set(present_values(read_label_png(one.path), where=str(one.path)))
        except UserError:
            continue  # a damaged file is told when its turn comes
        if not found <= (train_ids if one.is_train_ids else ids):
            return None
    return cityscapes


def _hold_train_ids(maps: Mapping[str, IdMap], class_set: ClassSet) -> bool:
    """Whether the values tell train ids: all of them are, 255 (no id) occurs, and ids would mean other classes.

    As ids such files would be void almost everywhere, and the score a number about a few rare classes.
    """
    ids = {c.id for c in class_set.classes}
    train_ids = {c.train_id for c in class_set.classes if c.id in class_set.index_of}
    if IGNORED in ids or train_ids <= {c.id for c in class_set.evaluated}:
        return False
    seen: set[int] = set()
    listed = list(maps.values())
    for one in listed[:: max(1, len(listed) // _SAMPLED)]:
        try:
            seen.update(present_values(read_label_png(one.path), where=str(one.path)))
        except UserError:
            continue  # a damaged file is told when its turn comes
    return IGNORED in seen and seen <= train_ids | {IGNORED}


def _says_train_ids(name: str) -> bool:
    return name.lower().endswith("trainids.png")


def _says_ids(name: str) -> bool:
    return name.lower().endswith("labelids.png")


def _is_picture_of_ids(name: str) -> bool:
    return name.lower().endswith(("instanceids.png", "_color.png"))
