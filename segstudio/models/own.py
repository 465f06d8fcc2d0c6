"""Models of a person's own: a file of a runtime that is known, with a description that makes a card of it.

The description is JSON, all of it optional but the classes: `classes` (the name of a class set, a list of names, or a
whole set), `title`, `size` ([width, height] of the input), `mean`, `std`, `order`, `scale`, `multiple`, `notes`. It may
lie beside the file (`net.onnx.json` or `net.json`); models that were added are listed by one such file each in a folder
of the program, with `file` for where they lie.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.models.card import ModelCard, Preprocess, WeightsEntry

if TYPE_CHECKING:
    from segstudio.models.registry import ModelRegistry

FAMILY = "own"
RUNTIMES = {
    ".onnx": "onnx",
    ".pt2": "exported",
    ".pt": "torchscript",
    ".ts": "torchscript",
    ".torchscript": "torchscript",
}
"""The model that opens files with that ending."""
_KNOWN = {"classes", "title", "size", "mean", "std", "order", "scale", "multiple", "notes", "file", "runtime"}


def own_models_dir() -> Path:
    """The folder that lists a person's models; the variable `SEGSTUDIO_OWN_MODELS` moves it."""
    moved = os.environ.get("SEGSTUDIO_OWN_MODELS")
    return Path(moved) if moved else Path(platformdirs.user_data_dir("segstudio", appauthor=False)) / "models"


def sidecar(file: Path) -> dict[str, Any]:
    """The description that lies beside a file, {} where there is none. Raises `UserError` where it is not one."""
    for place in (file.with_name(f"{file.name}.json"), file.with_suffix(".json")):
        if place.is_file():
            return _read(place)
    return {}


def described(card: ModelCard, description: Mapping[str, Any], *, where: str) -> ModelCard:
    """The card with what a description says. Raises `UserError` where a value makes no sense."""
    changed: dict[str, Any] = {key: str(description[key]) for key in ("title", "notes") if description.get(key)}
    if description.get("classes") is not None:
        changed.update(class_set=_classes(description["classes"], where), channels=())
    try:
        size = description.get("size")
        size_hw = None if size is None else (int(size[1]), int(size[0]))
        preprocess = card.preprocess.with_options(
            mean=description.get("mean"),
            std=description.get("std"),
            order=description.get("order"),
            scale=description.get("scale"),
            size_hw=size_hw,
        )
        if description.get("multiple"):
            preprocess = replace(preprocess, multiple=int(description["multiple"]))
    except (TypeError, ValueError, IndexError) as error:
        raise UserError(f"{where}: a value cannot be used: {error}") from None
    return replace(card, preprocess=preprocess, input_size=size_hw or card.input_size, **changed)


def add_own_model(
    registry: ModelRegistry, file: Path, *, name: str = "", description: Mapping[str, Any] | None = None
) -> ModelCard:
    """Offer a file as a model from now on, with its sidecar and over it `description`; gives its card.

    Raises `UserError` where the ending is unknown, the name is taken or no classes are named.
    """
    file = file.absolute()
    if not file.is_file():
        raise UserError(f"{file}: there is no such file")
    runtime = RUNTIMES.get(file.suffix.lower())
    if runtime is None:
        raise UserError(f"{file}: unknown kind of model", hint=f"known: {', '.join(RUNTIMES)}")
    given = {key: value for key, value in (description or {}).items() if value is not None}
    whole = {**sidecar(file), **given, "file": str(file), "runtime": runtime}
    if whole.get("classes") is None:
        raise UserError(f"{file}: which classes does it give?", hint="name a class set, or list them in a sidecar")
    chosen = name or re.sub(r"[^a-z0-9]+", "-", file.stem.lower()).strip("-") or "own"
    if chosen in registry and registry.card(chosen).family != FAMILY:
        raise UserError(f"there is a model {chosen!r} already", hint="choose another name")
    card = _card(registry, chosen, whole)
    _write(own_models_dir() / f"{chosen}.json", whole)
    registry.offer_as(card, runtime)
    return card


def remove_own_model(registry: ModelRegistry, name: str) -> None:
    """Take a model off the list; its file stays. Raises `UserError` where it is none of a person's own."""
    place = own_models_dir() / f"{name}.json"
    if name not in registry or not place.is_file():
        raise UserError(f"there is no model of your own called {name!r}")
    try:
        place.unlink()
    except OSError as error:
        raise EnvironmentFault(f"{place}: cannot be removed: {error.strerror}") from None
    registry.withdraw(name)


def install_own_models(registry: ModelRegistry) -> None:
    """Offer every model that was added; one whose description is damaged lands in `registry.problems`."""
    folder = own_models_dir()
    for place in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        if place.stem in registry:
            continue
        try:
            whole = _read(place)
            registry.offer_as(_card(registry, place.stem, whole), str(whole.get("runtime")))
        except UserError as error:
            registry.problems[str(place)] = str(error)


def _card(registry: ModelRegistry, name: str, whole: Mapping[str, Any]) -> ModelCard:
    base = registry.card(str(whole.get("runtime")))
    file = str(whole.get("file", ""))
    named = replace(
        base,
        name=name,
        family=FAMILY,
        title=name,
        preprocess=Preprocess(),
        weights=(WeightsEntry("file", "", file, "that of the file"),),
        notes=f"{base.title}: {file}",
    )
    return described(named, whole, where=file)


def _classes(value: Any, where: str) -> ClassSet:
    if isinstance(value, str):
        return ClassSet.load(value)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return ClassSet.of_names(value, name="own")
    return ClassSet.from_json(value, where=where)


def _read(place: Path) -> dict[str, Any]:
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{place}: cannot be read as the description of a model: {error}") from None
    if not isinstance(found, dict):
        raise UserError(f"{place}: not the description of a model")
    unknown = sorted(set(found) - _KNOWN)
    if unknown:
        raise UserError(f"{place}: unknown entry {unknown[0]!r}", hint=f"known: {', '.join(sorted(_KNOWN))}")
    return found


def _write(place: Path, whole: Mapping[str, Any]) -> None:
    text = json.dumps(whole, ensure_ascii=False, indent=2, default=lambda value: value.to_json())
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".part-", dir=place.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text + "\n")
        os.replace(part, place)
    except OSError as error:
        raise EnvironmentFault(f"{place}: cannot be written: {error.strerror or error}") from None
