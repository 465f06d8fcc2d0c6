"""From one format to another, with classes mapped on the way where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.formats.mapping import mapped, mapping_of_file
from segstudio.formats.report import WriteReport
from segstudio.workflows.reading import opened


def convert(
    source: str | Path,
    target: str | Path,
    format: str,
    *,
    source_format: str = "auto",
    classes: ClassSet | None = None,
    mapping: str | Path | None = None,
    split: str | None = None,
    options: Mapping[str, Any] | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> WriteReport:
    """Read `source` and write it to `target` in `format`; `mapping` is a JSON file that renames and merges classes.

    What the target cannot hold is counted in the report. Raises `UserError`, `EnvironmentFault` or `Cancelled`; the
    target is then as it was.
    """
    with opened(source, source_format, class_set=classes, split=split) as dataset:
        if mapping is not None:
            dataset = mapped(dataset, mapping_of_file(Path(mapping), dataset.class_set))
        return formats.write(dataset, target, format, options=options, progress=progress, cancel=cancel)
