"""Weights that say what they were trained for: classes, and how their network is built, in a safetensors header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard

CLASSES = "segstudio.classes"
"""The entry of the header's metadata: the class set as JSON; output channel i is its evaluation index i."""
OPTIONS = "segstudio.options"
"""Likewise the options of the model's builder, where it has any."""
_MOST_HEADER = 1 << 26


def classes_of(path: Path) -> ClassSet | None:
    """The classes that a file of weights names; None where it is no safetensors file or names none.

    Raises `UserError` where what it names is not a class set.
    """
    said = _header(path).get(CLASSES)
    if said is None:
        return None
    try:
        return ClassSet.from_json(json.loads(said), where=str(path))
    except ValueError:
        raise UserError(f"{path}: its header does not name classes") from None


def options_of(path: Path) -> dict[str, Any]:
    """The builder's options that a file of weights names, {} where it names none."""
    try:
        found = json.loads(_header(path).get(OPTIONS, "{}"))
    except ValueError:
        return {}
    return dict(found) if isinstance(found, dict) else {}


def _header(path: Path) -> Mapping[str, str]:
    """The metadata of a safetensors file; {} for any other, of which whoever reads the tensors says what is wrong."""
    if path.suffix != ".safetensors":
        return {}
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            found = json.loads(file.read(size)).get("__metadata__", {}) if size <= _MOST_HEADER else {}
    except (OSError, ValueError, AttributeError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def in_classes(card: ModelCard, classes: ClassSet) -> ModelCard:
    """The card of a network whose output channel i is evaluation index i of `classes`."""
    return replace(card, class_set=classes, channels=())
