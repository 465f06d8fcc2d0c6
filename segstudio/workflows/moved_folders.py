"""Pictures whose folder has moved: noticed after opening, found again below a folder that a person names.

Where they are now is kept on this machine, not in the project: in a team they may lie elsewhere for everybody.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.progress import Progress, no_progress
from segstudio.ops.picture_identity import identity_of
from segstudio.store.place import Place
from segstudio.store.records import IDENTITY

if TYPE_CHECKING:
    from segstudio.core.dataset import ImageItem

_FILE = "folders.json"
_LOOKED_AT = 200
"""Images, spread over the list, that tell whether anything is missing at all."""
_MEASURED = 50


@dataclass(frozen=True, slots=True)
class Moves:
    """Old folders and where each is now, the newest word last."""

    pairs: tuple[tuple[str, str], ...] = ()

    def path(self, path: Path) -> Path:
        """Where the file is now; as it is where no move speaks of it, or it is still there."""
        text = str(path)
        for old, new in reversed(self.pairs):
            if text == old or text.startswith(old.rstrip(os.sep) + os.sep):
                moved = Path(new + text[len(old.rstrip(os.sep)) :])
                return path if not moved.exists() and path.exists() else moved
        return path


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder has of the missing pictures, and whether those that were looked at are what they were.

    `measured` counts those of which the content or, where that was never noted, the size in pixels was compared, and
    `compared` those of the content; `wrong` are other pictures.
    """

    old: str
    new: str
    found: int
    missing: int
    measured: int
    wrong: tuple[str, ...] = ()
    compared: int = 0

    @property
    def fits(self) -> bool:
        """Whether it is the folder."""
        return self.found > 0 and not self.wrong


def load_moves(data_dir: Path, place: Place) -> Moves:
    """The moves that were said of a project on this machine; a file that cannot be read says nothing."""
    pairs = _read(data_dir).get(str(place), [])
    return Moves(tuple((str(old), str(new)) for old, new in pairs))


def remember_move(data_dir: Path, place: Place, found: Found) -> None:
    """Keep where a folder is now. Raises `EnvironmentFault` where that cannot be written."""
    known = _read(data_dir)
    kept = [pair for pair in known.get(str(place), []) if pair[0] != found.old]
    known[str(place)] = [*kept, [found.old, found.new]]
    target = data_dir / _FILE
    arriving = target.with_name(f".{_FILE}.{os.getpid()}")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with arriving.open("w", encoding="utf-8") as handle:
            json.dump(known, handle, indent=1)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(arriving, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror}") from None
    finally:
        arriving.unlink(missing_ok=True)


def is_any_missing(items: Sequence[ImageItem]) -> bool:
    """Whether one of some pictures, spread over all, is not where it was; for a worker."""
    step = max(1, len(items) // _LOOKED_AT)
    return any((path := items[number].path) is not None and not path.exists() for number in range(0, len(items), step))


def missing_items(items: Sequence[ImageItem], *, progress: Progress = no_progress) -> list[ImageItem]:
    """All whose picture is not where it was; for a worker."""
    missing = []
    for number, item in enumerate(items):
        if number % 1000 == 0:
            progress(number, len(items), "looking for the pictures")
        if item.path is not None and not item.path.exists():
            missing.append(item)
    return missing


def common_folder(items: Sequence[ImageItem]) -> str:
    """The folder that all these pictures were in, "" where there is none."""
    folders = {str(item.path.parent) for item in items if item.path is not None}
    try:
        return os.path.commonpath(sorted(folders)) if folders else ""
    except ValueError:  # several drives
        return ""


def look_in(folder: Path, missing: Sequence[ImageItem]) -> Found:
    """Whether the missing pictures lie in `folder`, at the same places below it, and are what they were.

    The content is compared where it was noted at an earlier opening, else the size in pixels. For a worker. Raises
    `UserError` where none of them is there.
    """
    move = _move_to(folder, missing)
    if move is None:
        raise UserError(f"{folder}: none of the {len(missing):,} missing pictures is here")
    old, new = move
    moves = Moves((move,))
    there = [item for item in missing if item.path is not None and moves.path(item.path).exists()]
    wrong, measured, compared = [], 0, 0
    for item in _to_look_at(there):
        assert item.path is not None
        identity = item.extra.get(IDENTITY)
        if identity:
            measured, compared = measured + 1, compared + 1
            if identity_of(moves.path(item.path)) != identity:
                wrong.append(item.key)
        elif item.size_hw is not None and not item.is_page:
            measured += 1
            if _size_of(moves.path(item.path)) != item.size_hw:
                wrong.append(item.key)
    return Found(old, new, len(there), len(missing), measured, tuple(wrong), compared)


def _to_look_at(there: Sequence[ImageItem]) -> list[ImageItem]:
    """Some that are spread over all, half of them from those whose content is known."""
    known = [item for item in there if item.extra.get(IDENTITY)]
    rest = [item for item in there if not item.extra.get(IDENTITY)]
    half = max(1, _MEASURED // 2)
    return [*known[:: max(1, len(known) // half)], *rest[:: max(1, len(rest) // half)]]


def _move_to(folder: Path, missing: Sequence[ImageItem]) -> tuple[str, str] | None:
    """The old folder that stands for `folder` now, by the longest end of a path that is found below it."""
    step = max(1, len(missing) // 20)
    for item in missing[::step]:
        if item.path is None:
            continue
        parts = item.path.parts
        for start in range(1, len(parts)):
            if folder.joinpath(*parts[start:]).is_file():
                return str(Path(*parts[:start])), str(folder)
    return None


def _size_of(path: Path) -> tuple[int, int] | None:
    from segstudio.ops.image import probe_size_hw

    try:
        return probe_size_hw(path)
    except UserError:
        return None


def _read(data_dir: Path) -> dict[str, list[list[str]]]:
    try:
        known = json.loads((data_dir / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: [pair for pair in pairs if isinstance(pair, list) and len(pair) == 2] for key, pairs in known.items()}
