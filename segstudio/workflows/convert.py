"""From one format to another, with classes mapped on the way where that is asked for."""

from __future__ import annotations

import contextlib
import hashlib
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
    workers: int = 1,
    resume: bool = False,
    provenance: bool = False,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> WriteReport:
    """Read `source` and write it to `target` in `format`; `mapping` is a JSON file that renames and merges classes.

    With `provenance` the labels of a project say who made them. What the target cannot hold, also what the mapping
    drops, is counted in the report. With `resume` an interrupted conversion keeps what it has beside the target, and
    the same call goes on from there unless a file of the source has changed. Raises `UserError`, `EnvironmentFault` or
    `Cancelled`; the target is then as it was.
    """
    with opened(source, source_format, class_set=classes, split=split, provenance=provenance) as dataset:
        if mapping is not None:
            dataset = mapped(dataset, mapping_of_file(Path(mapping), dataset.class_set))
        return formats.write(
            dataset,
            target,
            format,
            options=options,
            workers=workers,
            stamp=_stamp(Path(source), mapping, f"{split} {provenance}") if resume else "",
            progress=progress,
            cancel=cancel,
        )


def _stamp(source: Path, mapping: str | Path | None, choice: str) -> str:
    """A text that is another one where a file of the source, the mapping or the choice is another one."""
    digest = hashlib.sha256(f"{source.resolve()} {choice}".encode("utf-8", "replace"))
    if mapping is not None:
        digest.update(Path(mapping).read_bytes())
    for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
        with contextlib.suppress(OSError):
            facts = path.stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}".encode("utf-8", "replace"))
    return digest.hexdigest()
