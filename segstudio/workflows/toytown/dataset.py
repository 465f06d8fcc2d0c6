"""The Toytown data set on disk: painted by several processes, complete or not there at all."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.workflows.toytown.gtfine import write_scene
from segstudio.workflows.toytown.town import paint_scene
from segstudio.workflows.toytown.workers import paint_in_children

SEED = 2026
IMAGES = 88
MARKER = "toytown.json"
_VERSION = 1
_WORTH_CHILDREN = 8


def generate(
    directory: str | os.PathLike[str],
    *,
    images: int = IMAGES,
    seed: int = SEED,
    workers: int | None = None,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Path:
    """Paint the data set into `directory` in Cityscapes layout and return that path.

    About three quarters of the images are the training split. A finished data set of the same seed and size is left
    as it is; otherwise the images are painted beside it and swapped in when all are there, so that an interrupted
    run leaves nothing half done. `workers` 1 paints in this process.

    Raises `UserError` where `directory` holds something else, `EnvironmentFault` where it cannot be written,
    `Cancelled` when asked to stop.
    """
    target = Path(directory)
    facts = {"dataset": "toytown", "version": _VERSION, "seed": seed, "images": images}
    if images < 2:
        raise UserError(f"a data set of {images} images has no training and validation part", hint="ask for 2 or more")
    if _is_finished(target, facts):
        return target
    _refuse_foreign(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _beside(target) as part:
            _paint_all(part, images, seed, workers, progress or no_progress, cancel or CancelToken())
            (part / MARKER).write_text(json.dumps(facts), encoding="utf-8")
            _swap_in(part, target)
    except OSError as error:
        raise EnvironmentFault(f"{target}: cannot be written: {error.strerror or error}") from error
    return target


def split_of(number: int, images: int) -> str:
    """Return "train" or "val" for an image number: the last quarter or a little more is for validation."""
    return "train" if number < images * 8 // 11 else "val"


def name_of(number: int, images: int) -> str:
    """Return the Cityscapes name of an image: town, sequence within its split, frame."""
    start = images * 8 // 11 if split_of(number, images) == "val" else 0
    return f"toytown_{number - start:06d}_000019"


def _is_finished(target: Path, facts: dict[str, object]) -> bool:
    try:
        return bool(json.loads((target / MARKER).read_text(encoding="utf-8")) == facts)
    except (OSError, ValueError):
        return False


def _refuse_foreign(target: Path) -> None:
    if target.is_file():
        raise UserError(f"{target}: is a file", hint="give a folder for the demo data set")
    if target.is_dir() and any(target.iterdir()) and not (target / MARKER).is_file():
        raise UserError(f"{target}: holds other files", hint="give a new or empty folder for the demo data set")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """Give a folder beside the target that goes away whatever happens."""
    part = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap_in(part: Path, target: Path) -> None:
    part.chmod(0o755)
    if target.exists():
        old = part.with_name(part.name + "-old")
        os.replace(target, old)
        os.replace(part, target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.replace(part, target)


def _paint_all(
    part: Path, images: int, seed: int, workers: int | None, progress: Progress, cancel: CancelToken
) -> None:
    count = workers if workers is not None else min(os.cpu_count() or 1, 8)
    if count > 1 and images >= _WORTH_CHILDREN:
        painted = paint_in_children(part, images, seed, count, cancel)
    else:
        painted = paint_some(part, images, seed, range(images), cancel)
    progress(0, images, "painting Toytown")
    for done, _ in enumerate(painted, start=1):
        progress(done, images, "painting Toytown")


def paint_some(part: Path, images: int, seed: int, numbers: range, cancel: CancelToken) -> Iterator[None]:
    """Paint and write some of a data set's images; yield after each."""
    class_set = ClassSet.load("toytown")
    for number in numbers:
        cancel.raise_if_cancelled()
        scene = paint_scene(seed, number)
        write_scene(part, split_of(number, images), name_of(number, images), scene, class_set)
        yield


def main(arguments: list[str]) -> None:
    """Paint one child's share: folder, images in all, seed, first number, step; print a line for each image."""
    images, seed, first, step = map(int, arguments[1:])
    cv2.setNumThreads(1)
    for _ in paint_some(Path(arguments[0]), images, seed, range(first, images, step), CancelToken()):
        sys.stdout.write("painted\n")
        sys.stdout.flush()
