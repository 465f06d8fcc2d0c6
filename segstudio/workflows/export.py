"""The labels of a project, written in a format of the field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segstudio import formats
from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.formats.report import WriteReport
from segstudio.workflows.reading import opened


def export(
    project: str | Path,
    target: str | Path,
    format: str,
    *,
    layer: str = LABELS,
    split: str | None = None,
    provenance: bool = False,
    options: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> WriteReport:
    """Write one layer of a project; images without that layer are left out, which is no failure.

    With `provenance` each label says who made it, with which tool and from which model run, where the format holds it.
    Raises `UserError` where no image has it, or as `formats.write` does.
    """
    with opened(project, layer=layer, split=split, provenance=provenance) as dataset:
        labelled = [item for item in dataset.images if item.read_annotation is not None]
        if not labelled:
            raise UserError(f"{project}: no image has the layer “{layer}” yet")
        work = replace(dataset, images=labelled)
        return formats.write(work, target, format, options=options, progress=progress, cancel=cancel)
