"""From a model's name and a file of weights to a predictor; says what it took for granted."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from segstudio.core.errors import UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.card import ModelCard, WeightsEntry
from segstudio.models.own import described, sidecar
from segstudio.models.own_classes import classes_of, in_classes, options_of
from segstudio.models.places import weights_in
from segstudio.models.registry import ModelRegistry
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.building import build_network
from segstudio.models.torch_backend.checkpoint import OutputsDiffer, put_tensors, read_tensors
from segstudio.models.torch_backend.device import DeviceChoice, choose_device
from segstudio.models.torch_backend.predictor import Predictor
from segstudio.models.torch_backend.siblings import owner
from segstudio.models.weights import choose_weights


def open_predictor(
    registry: ModelRegistry,
    name: str,
    *,
    weights: str | None = None,
    settings: PredictSettings | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Predictor:
    """Build a model, give it its weights and put it on its device.

    `weights` is a path, the name of an entry of the card, or None. Raises `UserError` in one line for an unknown name,
    a missing extra, weights that cannot be had or do not fit, a device that is not there.
    """
    settings = settings or PredictSettings()
    choice = choose_device(settings.device)
    entry, card = registry.entry(name), registry.card(name)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    if "open" in entry.offer.code:
        return _opened_program(registry, name, weights, choice, settings)
    chosen = choose_weights(card, entry.plugin.folder, weights, progress=progress, cancel=cancel)
    if chosen is None:
        return Predictor(card, build_network(registry, name), choice=choice, settings=settings)
    path, config = weights_in(chosen.path)
    options = {"config": str(config)} if config is not None and entry.offer.extra.get("folders") else {}
    tensors = read_tensors(path)
    own = classes_of(path) if chosen.entry is None else None
    if own is not None:
        built = {**options, **options_of(path)}
        network = build_network(registry, name, num_classes=own.num_classes, options=built)
        put_tensors(network, tensors, where=str(path))
        return Predictor(in_classes(card, own), network, choice=choice, settings=settings)
    try:
        known, network = _fitted(
            registry, card, tensors, chosen.entry, where=str(path), options=options, settings=settings
        )
    except UserError as error:
        fitting = owner(registry, name, tensors)
        if fitting is None:
            raise
        raise UserError(error.message, hint=f"they are weights of {fitting}") from error
    notes: tuple[str, ...] = ()
    if known is not None:
        card = card.with_weights(known)
        if chosen.entry is None:
            notes = (f"{chosen.path.name} has the shapes of {known.name!r}: taken with its classes and input",)
    return Predictor(card, network, choice=choice, settings=settings, notes=notes)


def _opened_program(
    registry: ModelRegistry, name: str, weights: str | None, choice: DeviceChoice, settings: PredictSettings
) -> Predictor:
    """The predictor of a file that is a network itself, described by its sidecar or as a model of one's own."""
    entry, card = registry.entry(name), registry.card(name)
    missing = registry.missing_extra(name)
    if missing:
        raise UserError(f"{name} needs the extra {missing!r}", hint=f"pip install segstudio[{missing}]")
    known = card.entry(weights or "file")
    if weights is None and known is None:
        raise UserError(f"{name} is a program of your own: it needs a file", hint="give it with --weights")
    path = Path(known.source if known is not None else weights or "")
    if known is None:
        description = sidecar(path)
        card = described(card, description, where=str(path))
        if settings.class_set is None and description.get("classes") is None:
            raise UserError(
                f"{name} cannot know its classes", hint=f"name them with --classes, or in {path.name}.json beside it"
            )
    return Predictor(card, entry.load("open")(path), choice=choice, settings=settings)


def _fitted(
    registry: ModelRegistry,
    card: ModelCard,
    tensors: Mapping[str, torch.Tensor],
    entry: WeightsEntry | None,
    *,
    where: str,
    options: Mapping[str, Any],
    settings: PredictSettings,
) -> tuple[WeightsEntry | None, torch.nn.Module]:
    """The network that takes these tensors, and the card's entry whose classes and input convention hold for it."""
    if entry is not None:
        outputs = card.with_weights(entry).num_outputs()
        network = build_network(registry, card.name, num_classes=outputs, options={**options, **entry.options})
        put_tensors(network, tensors, where=where)
        return entry, network
    network = build_network(registry, card.name, options=options)
    try:
        put_tensors(network, tensors, where=where)
    except OutputsDiffer as difference:
        found = difference.found
    else:
        return None, network
    network = build_network(registry, card.name, num_classes=found, options=options)
    put_tensors(network, tensors, where=where)
    if settings.class_set is not None:
        return None, network
    alike = {e.class_set: e for e in card.weights if card.with_weights(e).num_outputs() == found}
    if len(alike) == 1:
        return next(iter(alike.values())), network
    raise UserError(
        f"{where}: {found} outputs, {card.name} was published with {card.num_outputs()}: which classes are they?",
        hint="name them with --classes",
    )
