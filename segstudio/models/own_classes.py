"""Weights that say which classes they were trained for: a line in the header of a safetensors file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard

CLASSES = "segstudio.classes"
"""The entry of the header's metadata: the class set as JSON; output channel i is its evaluation index i."""
_MOST_HEADER = 1 << 26


def classes_of(path: Path) -> ClassSet | None:
    """The classes that a file of weights names; None where it is no safetensors file or names none.

    Raises `UserError` where what it names is not a class set.
    """
    if path.suffix != ".safetensors":
        return None
    try:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(size)) if size <= _MOST_HEADER else {}
        said = header.get("__metadata__", {}).get(CLASSES)
    except (OSError, ValueError, AttributeError):
        return None  # whoever reads the tensors says what is wrong with the file
    if said is None:
        return None
    try:
        return ClassSet.from_json(json.loads(said), where=str(path))
    except ValueError:
        raise UserError(f"{path}: its header does not name classes") from None


def in_classes(card: ModelCard, classes: ClassSet) -> ModelCard:
    """The card of a network whose output channel i is evaluation index i of `classes`."""
    return replace(card, class_set=classes, channels=())
