"""What of a project is taken for the truth: its labels, or the data set's truth with or without its corrections."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Literal, get_args

from segstudio import formats
from segstudio.core.dataset import Dataset
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH, Annotation
from segstudio.settings.folders import data_directory
from segstudio.workflows.moved_folders import load_moves
from segstudio.workflows.reading import dataset_of

if TYPE_CHECKING:
    from segstudio.store import Project

TruthFrom = Literal["auto", "labels", "corrected", "dataset"]
"""`auto` is `corrected` where somebody has corrected a truth, else `labels`."""


def truth_of(project: Project, which: str = "auto") -> tuple[Dataset, str]:
    """(a project's images with their truth, what that is in words, "" where it goes without saying).

    `which` is a `TruthFrom`. Valid while the project is open. Raises `UserError` for another word, and where the data
    set that the project was made from is not there.
    """
    if which not in get_args(TruthFrom):
        raise UserError(f"--truth {which}: no such truth", hint=f"one of {', '.join(get_args(TruthFrom))}")
    corrected = project.keys_with(TRUTH)
    if which == "labels" or (which == "auto" and not corrected):
        return dataset_of(project, layer=LABELS), ""
    given = _of_the_data_set(project)
    whole = dataset_of(project, layer=TRUTH)
    if which == "dataset":
        items = [replace(item, read_annotation=given.get(item.key)) for item in whole.images]
        return replace(whole, images=items), "the truth is the data set's, without what was corrected in the project"
    items = [replace(item, read_annotation=item.read_annotation or given.get(item.key)) for item in whole.images]
    count = len(corrected)
    said = (
        f"the truth is the data set's, corrected in {count} image{'' if count == 1 else 's'} (--truth dataset|labels)"
    )
    return replace(whole, images=items), said


def _of_the_data_set(project: Project) -> dict[str, Callable[[], Annotation]]:
    source = project.dataset_source
    if source is None:
        raise UserError(f"{project.path}: was made from no data set, so it has no truth but its labels")
    place = load_moves(data_directory(), project.path).path(source.path)
    dataset = formats.read(place, source.format)
    return {item.key: partial(item.read_annotation) for item in dataset.images if item.read_annotation is not None}
