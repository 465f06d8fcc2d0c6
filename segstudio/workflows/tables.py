"""The rows of an evaluation or comparison as a CSV file for a spreadsheet."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segstudio.core.errors import EnvironmentFault


def write_csv(path: str | Path, document: Mapping[str, Any]) -> None:
    """Write classes and images, one row each, told apart by the first column; undefined numbers stay empty.

    Raises `EnvironmentFault` where the file cannot be written; an old file stays then.
    """
    rows = [{"row": "class", **row} for row in document["classes"]]
    rows += [{"row": "image", **row} for row in document["per_image"]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    write_text(Path(path), text.getvalue())


def write_text(path: Path, text: str) -> None:
    """Put a text file in its place, whole or not at all."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be written: {error.strerror}") from None


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return " ".join("" if one is None else repr(one) for one in value) if isinstance(value, list) else value
