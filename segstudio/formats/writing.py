"""One export under way: which images are due, what was skipped and lost, and the comparison with what was written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.layer import Annotation
from segstudio.core.progress import CancelToken, Progress
from segstudio.formats.files import inside
from segstudio.formats.per_image import Body, Journal, outcomes, pool_of
from segstudio.formats.report import Loss, LossTally

LossesOf = Callable[[Annotation, ClassSet], Iterable[Loss]]
JPEG = frozenset((".jpg", ".jpeg"))


@dataclass(frozen=True, slots=True)
class Written:
    """What a target must hold for one image: objects per class, labelled pixels per class, and objects in all.

    None is not compared.
    """

    objects: Mapping[int, int] | None = None
    pixels: Mapping[int, int] | None = None
    count: int | None = None

    @classmethod
    def of(cls, annotation: Annotation) -> Written:
        """What an annotation holds."""
        objects: dict[int, int] = {}
        for item in annotation.objects:
            objects[item.class_id] = objects.get(item.class_id, 0) + 1
        pixels = None if annotation.labels_hw is None else class_pixels(annotation)
        return cls(objects, pixels, len(annotation.objects))

    def to_json(self) -> list[Any]:
        return [self.objects, self.pixels, self.count]

    @classmethod
    def from_json(cls, row: Sequence[Any]) -> Written:
        objects, pixels = ({int(k): n for k, n in part.items()} if part is not None else None for part in row[:2])
        return cls(objects, pixels, row[2])


def class_pixels(annotation: Annotation) -> dict[int, int]:
    """Class id → pixels of the raster that belong to it; unlabelled pixels are left out."""
    if annotation.labels_hw is None:
        return {}
    from segstudio.ops.value_counts import value_counts  # decoders load when something is written, not with the room

    counts = value_counts(annotation.labels_hw)
    pixels: dict[int, int] = {}
    for segment in annotation.segments:
        if segment.id < len(counts) and counts[segment.id]:
            pixels[segment.class_id] = pixels.get(segment.class_id, 0) + int(counts[segment.id])
    return pixels


class Desk:
    """The place where one image is written: below `path`, by `options`, in the classes of the source.

    Other processes get a copy; `lost` is what writing this image lost.
    """

    def __init__(self, path: Path, options: Mapping[str, Any], class_set: ClassSet, losses: LossesOf | None) -> None:
        self.path = path
        self.options = options
        self.class_set = class_set
        self.lost: list[Loss] = []
        self._losses = losses

    def fresh(self) -> Desk:
        """The same for another image."""
        return Desk(self.path, self.options, self.class_set, self._losses)

    def losses_of(self, annotation: Annotation) -> Iterable[Loss]:
        """What the format cannot hold of an annotation, as it is told before writing."""
        return () if self._losses is None else self._losses(annotation, self.class_set)

    def lose(self, *losses: Loss) -> None:
        """Report losses, also those that show only while writing."""
        self.lost += losses

    def write_png(self, relative: str, pixels: NDArray[Any], *, palette_rgb: NDArray[np.uint8] | None = None) -> None:
        """Write a raster below `path`; it reaches the disk with all others, when the export is committed."""
        from segstudio.ops.label_png import write_png  # decoders load when something is written, not with the room

        write_png(self.place(relative), pixels, palette_rgb=palette_rgb, flush=False)

    def place(self, relative: str) -> Path:
        """Where a file of the target goes, its folder made; raises `UserError` for names that lead out of it."""
        target = inside(self.path, relative)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def place_image(self, item: ImageItem, relative: str, *, suffixes: frozenset[str] | None = None) -> None:
        """Bring the picture along as the option `images` says: not at all, copied or hard-linked.

        Where a layout takes only pictures of `suffixes`, others are written anew as PNG, so that no pixel changes.
        """
        wanted = self.options.get("images", "none")
        if wanted == "none" or item.path is None:
            return
        from segstudio.ops.embedded import is_label_file, picture_suffix

        if suffixes is not None and picture_suffix(item.path).lower() not in suffixes:
            from segstudio.ops.image import read_image

            pixels = read_image(item.path, page=item.page).image_hwc
            self.write_png(str(Path(relative).with_suffix(".png").as_posix()), pixels)
            return
        target = self.place(relative)
        target.unlink(missing_ok=True)
        if item.is_page:
            from segstudio.ops.image import write_page

            write_page(item.path, item.page, target)
            return
        if is_label_file(item.path):
            from segstudio.ops.image_file import read_bytes

            target.write_bytes(read_bytes(item.path))
            return
        if wanted == "link":
            try:
                os.link(item.path, target)
                return
            except OSError:
                pass  # another file system: a copy serves
        try:
            shutil.copyfile(item.path, target)
        except FileNotFoundError:
            raise UserError(f"{item.path}: no such file") from None


class WriteJob:
    """What a format's `write` works with: the images in order, and the place to put them (`path`).

    `class_set` is the one that the target will have; a writer that maps classes sets it before the comparison.
    """

    def __init__(
        self,
        dataset: Dataset,
        path: Path,
        losses: LossesOf | None,
        options: Mapping[str, Any],
        progress: Progress,
        cancel: CancelToken,
        *,
        workers: int = 1,
        journal: Journal | None = None,
    ) -> None:
        self.dataset = dataset
        self.path = path
        self.options = options
        self.class_set = dataset.class_set
        self.tally = LossTally()
        self.skipped: list[Skipped] = []
        self.expected: dict[str, Written] = {}
        self.written = 0
        self.workers = workers
        self._losses = losses
        self._progress = progress
        self._cancel = cancel
        self._journal = journal

    def each(self, body: Body, *, labelled: bool = True) -> Iterator[tuple[ImageItem, Any, Written | None]]:
        """Do `body` for every image: (image, its data, what the target must hold of it), in their order.

        Images that cannot be read or written are skipped with the reason, and with `labelled` those without labels.
        """
        desk = Desk(self.path, self.options, self.dataset.class_set, self._losses)
        total = len(self.dataset)
        made = outcomes(
            desk,
            body,
            self.dataset.images,
            labelled=labelled,
            cancel=self._cancel,
            workers=self.workers,
            journal=self._journal,
        )
        for position, (item, outcome) in enumerate(made, 1):
            self._progress(position, total, item.name)
            if outcome.skipped:
                self.skip(item, outcome.skipped)
                continue
            self.tally.add(item.key, outcome.losses)
            yield item, outcome.data, outcome.written

    def skip(self, item: ImageItem, reason: str) -> None:
        self.skipped.append(Skipped(item.key, reason))

    def wrote(self, key: str, written: Written | None) -> None:
        """Count an image as written; `key` is the one under which it will be read back, to be compared."""
        if written is not None:
            self.expected[key] = written
        self.written += 1


def check_written(job: WriteJob, read_back: Callable[[], Dataset]) -> None:
    """Read what was written and compare it with what should be there.

    Raises `UserError` where nothing was written at all, `EnvironmentFault` where the copy differs: then something
    between us and the disk went wrong, and the target must not be replaced.
    """
    if not job.written:
        reason = job.skipped[0].reason if job.skipped else "the data set has no images"
        raise UserError(f"{job.dataset.name}: nothing could be written: {reason}")
    found = read_back().by_key
    due = []
    for key in job.expected:
        if key not in found:
            raise EnvironmentFault(f"{job.path.name}: {key} is missing from what was written")
        due.append(found[key])
    if job.workers < 2:
        backs: Iterable[Written] = map(_held, due)
    else:
        with pool_of(job.workers) as pool:
            backs = list(pool.map(_held, due, chunksize=4))
    for (key, written), back in zip(job.expected.items(), backs, strict=True):
        if written.objects is not None and dict(written.objects) != dict(back.objects or {}):
            raise EnvironmentFault(f"{job.path.name}: the objects of {key} were not written as they are")
        if written.count is not None and written.count != back.count:
            raise EnvironmentFault(f"{job.path.name}: {key} has {back.count} objects instead of {written.count}")
        if written.pixels is not None and dict(written.pixels) != dict(back.pixels or {}):
            raise EnvironmentFault(f"{job.path.name}: the areas of {key} were not written as they are")


def _held(item: ImageItem) -> Written:
    return Written.of(item.read_annotation() if item.read_annotation else Annotation((1, 1)))
