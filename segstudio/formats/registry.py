"""Which formats there are, which one a path is in, and the two verbs on them: read and write."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.layer import Annotation
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.formats.files import Probe
from segstudio.formats.format import Format, ReadOptions
from segstudio.formats.per_image import without_dropped
from segstudio.formats.report import AmbiguousFormat, Candidate, Loss, LossTally, WriteReport, provenance_loss
from segstudio.formats.staging import Staging
from segstudio.formats.writing import LossesOf, WriteJob, check_written

_MODULES: dict[str, str] = {
    "coco-instances": "segstudio.formats.coco_instances",
    "coco-panoptic": "segstudio.formats.coco_panoptic",
    "coco-results": "segstudio.formats.coco_results",
    "cityscapes": "segstudio.formats.cityscapes",
    "voc": "segstudio.formats.voc",
    "ade20k": "segstudio.formats.ade20k",
    "camvid": "segstudio.formats.camvid",
    "kitti": "segstudio.formats.kitti",
    "gta5": "segstudio.formats.gta5",
    "synthia": "segstudio.formats.synthia",
    "pascal-context": "segstudio.formats.pascal_context",
    "pascal-part": "segstudio.formats.pascal_part",
    "stanford-background": "segstudio.formats.stanford_background",
    "bdd100k": "segstudio.formats.bdd100k",
    "mapillary": "segstudio.formats.mapillary",
    "class-id-png": "segstudio.formats.class_id_png",
    "labelme": "segstudio.formats.labelme",
    "cvat": "segstudio.formats.cvat",
    "yolo-seg": "segstudio.formats.yolo_seg",
    "isat": "segstudio.formats.isat",
    "label-studio": "segstudio.formats.label_studio",
    "supervisely": "segstudio.formats.supervisely",
    "via": "segstudio.formats.via",
    "images": "segstudio.formats.images",
}


def names() -> list[str]:
    """The names of all formats, as the command line takes them."""
    return list(_MODULES)


def register(name: str, module: str) -> None:
    """Add a format that lives elsewhere: `module` holds a `Format` called FORMAT and is imported at first use."""
    _MODULES[name] = module


def get(name: str) -> Format:
    """The format of that name; raises `UserError` listing the known ones."""
    if name not in _MODULES:
        raise UserError(f"there is no format {name!r}", hint=f"known: {', '.join(names())}")
    found = importlib.import_module(_MODULES[name]).FORMAT
    assert isinstance(found, Format)
    return found


def detect(path: str | Path, *, class_set: ClassSet | None = None) -> list[Candidate]:
    """Every format that the content of `path` fits, the surest first; raises `UserError` where nothing is there.

    With a class set, rasters of its ids or colours are told from pictures by it.
    """
    probe = Probe(_existing(path), class_set)
    found = (get(name).detect(probe) for name in names())
    return sorted((c for c in found if c is not None), key=lambda candidate: -candidate.certainty)


def read(
    path: str | Path, format: str = "auto", *, class_set: ClassSet | None = None, split: str | None = None
) -> Dataset:
    """Read a data set, a folder of images or of class-id PNGs, one annotation file or one image.

    Annotations are read when asked for (`ImageItem.read_annotation`), sizes where the format states them. `split` keeps
    only that split. Raises `UserError` naming the path where nothing fits, several formats fit equally, or the content
    is damaged.
    """
    path = _existing(path)
    chosen = get(_only_candidate(path, class_set) if format == "auto" else format)
    dataset = chosen.read(path, ReadOptions(class_set, split or ""))
    if not split:
        return dataset
    kept = [item for item in dataset.images if item.split == split]
    if not kept:
        known = ", ".join(dataset.splits) or "none"
        raise UserError(f"{path}: there is no split {split!r}", hint=f"it has: {known}")
    return replace(dataset, images=kept)


def format_of(path: str | Path, *, class_set: ClassSet | None = None) -> str:
    """The name of the format that `read` takes by itself; raises `UserError` where there is none or no only one."""
    return _only_candidate(_existing(path), class_set)


def first_images(path: str | Path, format: str, *, count: int, class_set: ClassSet | None = None) -> Dataset | None:
    """The first `count` images of a large data set, in the order and under the keys that `read` will give them.

    Their annotations may be missing. None where reading the whole is quick, or nothing can be known without it. Raises
    `UserError` as `read` does.
    """
    chosen = get(format)
    return None if chosen.first is None else chosen.first(_existing(path), ReadOptions(class_set), count)


def write(
    dataset: Dataset,
    path: str | Path,
    format: str,
    *,
    options: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
    workers: int = 1,
    stamp: str = "",
    **keyword_options: Any,
) -> WriteReport:
    """Write a data set in another format: beside the target, read back and compared, then swapped in.

    Images that cannot be read are skipped with a reason. An existing target stays untouched until the new one is
    complete; a folder with files that no export wrote is refused. `workers` processes share the images. With a `stamp`
    (any text that changes when the source does) an interrupted write keeps what it has, beside the target, and the next
    one of the same kind goes on from there. Raises `UserError` for bad input, `EnvironmentFault` where the disk
    refuses, `Cancelled`.
    """
    chosen = get(format)
    if chosen.write is None:
        writable = ", ".join(name for name in names() if get(name).write)
        raise UserError(f"{format} can only be read", hint=f"to write there are: {writable}")
    target = Path(path).absolute()
    is_file = bool(chosen.file_suffix) and target.suffix.lower() == chosen.file_suffix
    if is_file and target.is_file() and not _is_in(target, format):
        raise UserError(f"{target}: exists and is no {format} file", hint="choose another name")
    given = _checked_options(chosen, {**(options or {}), **keyword_options})
    cancel = cancel or CancelToken()
    header = _header(dataset, format, given, stamp) if stamp else ""
    with Staging(target, format, is_file=is_file, header=header) as staging:
        job = WriteJob(
            dataset, staging.path, _losses_in(chosen), given, progress, cancel, workers=workers, journal=staging.journal
        )
        chosen.write(job)
        cancel.raise_if_cancelled()
        try:
            check_written(job, lambda: chosen.read(staging.path, ReadOptions(job.class_set)))
        except EnvironmentFault:
            staging.spoil()
            raise
        staging.commit()
    return WriteReport(target, len(dataset), job.written, (*dataset.skipped, *job.skipped), job.tally.total())


def _header(dataset: Dataset, format: str, options: Mapping[str, Any], stamp: str) -> str:
    """One line that is the same for the same images, written in the same way."""
    what = [stamp, format, sorted(options.items()), dataset.class_set.to_json(), [item.key for item in dataset.images]]
    return f"segstudio write {hashlib.sha256(repr(what).encode('utf-8', 'replace')).hexdigest()}"


def losses(
    dataset: Dataset, format: str, *, progress: Progress = no_progress, cancel: CancelToken | None = None
) -> list[Loss]:
    """What `format` cannot hold of the data set, per kind in total and per image, without writing anything."""
    chosen = get(format)
    tally, told_of = LossTally(), _losses_in(chosen)
    for position, item in enumerate(dataset.images):
        if cancel is not None:
            cancel.raise_if_cancelled()
        progress(position, len(dataset), item.name)
        annotation = _annotation_or_none(item)
        if annotation is not None and chosen.write is not None:
            annotation, dropped = without_dropped(annotation)
            tally.add(item.key, dropped)
            tally.add(item.key, told_of(annotation, dataset.class_set))
    progress(len(dataset), len(dataset))
    return list(tally.total())


def _losses_in(chosen: Format) -> LossesOf:
    """What one annotation loses in a format; other processes can have the function too."""
    return partial(_lost, chosen.losses, chosen.holds_provenance)


def _lost(
    losses: LossesOf | None, holds_provenance: bool, annotation: Annotation, class_set: ClassSet
) -> Iterator[Loss]:
    if losses is not None:
        yield from losses(annotation, class_set)
    if not holds_provenance:
        yield provenance_loss(annotation)


def _annotation_or_none(item: ImageItem) -> Annotation | None:
    try:
        return item.read_annotation() if item.read_annotation else None
    except UserError:
        return None


def _existing(path: str | Path) -> Path:
    path = Path(path)
    try:
        if path.exists():
            return path
    except (OSError, ValueError):
        pass
    raise UserError(f"{path}: no such file or folder")


def _only_candidate(path: Path, class_set: ClassSet | None) -> str:
    candidates = detect(path, class_set=class_set)
    if not candidates:
        hint = f"known formats: {', '.join(names())}"
        raise UserError(f"{path}: in none of the known formats", hint=hint)
    best = candidates[0]
    equal = [c for c in candidates if c.certainty > best.certainty - 0.05]
    if len(equal) > 1:
        raise AmbiguousFormat(path, equal)
    return best.name


def _is_in(path: Path, name: str) -> bool:
    return path.stat().st_size == 0 or get(name).detect(Probe(path)) is not None


def _checked_options(chosen: Format, given: dict[str, Any]) -> dict[str, Any]:
    known = {"images": ("none", "copy", "link"), **(chosen.options or {})}
    for name, value in given.items():
        if name not in known:
            raise UserError(f"{chosen.name} has no option {name!r}", hint=f"it has: {', '.join(known)}")
        if known[name] and value not in known[name]:
            raise UserError(f"{chosen.name}: {name}={value!r} is not one of {', '.join(map(str, known[name]))}")
    defaults = {name: values[0] for name, values in known.items() if values}
    if chosen.needs_images:
        defaults["images"] = "copy"
    return {**defaults, **given}
