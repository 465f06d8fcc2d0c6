"""Files of a training: weights that name their classes, and the state from which a training goes on after any end."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.models.own_classes import CLASSES, OPTIONS
from segstudio.models.torch_backend.learning.trainer import Trainer

Tensors = dict[str, torch.Tensor]
_STATE = "segstudio.state"


def copied(network: nn.Module) -> Tensors:
    """The tensors of a network as they are now, on the CPU, however it goes on."""
    return {key: value.detach().cpu().clone().contiguous() for key, value in network.state_dict().items()}


def save_weights(
    path: Path, tensors: Mapping[str, torch.Tensor], classes: ClassSet, *, options: Mapping[str, Any] | None = None
) -> None:
    """Write weights that name their classes and their builder's options; the file appears whole.

    Raises `EnvironmentFault`.
    """
    kept = {key: value for key, value in tensors.items() if not key.endswith("num_batches_tracked")}
    said = {CLASSES: json.dumps(classes.to_json()), OPTIONS: json.dumps(dict(options or {}))}
    _save(path, kept, said)


def save_state(path: Path, trainer: Trainer, best: Mapping[str, torch.Tensor], facts: Mapping[str, Any]) -> None:
    """Write everything that a training needs to go on: weights, the best ones so far, the optimiser, `facts`."""
    tensors = {f"now/{key}": value for key, value in copied(trainer.network).items()}
    tensors |= {f"best/{key}": value.contiguous() for key, value in best.items()}
    for number, values in trainer.optimizer.state_dict()["state"].items():
        for name, value in values.items():
            tensors[f"optimizer/{number}/{name}"] = value.detach().cpu().clone().contiguous()
    _save(path, tensors, {_STATE: json.dumps({"steps": trainer.steps, **facts})})


def read_facts(path: Path) -> dict[str, Any] | None:
    """The facts of a state; None where there is none or it cannot be read."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            found = json.loads((file.metadata() or {})[_STATE])
    except (SafetensorError, OSError, ValueError, KeyError):
        return None
    return dict(found)


def load_state(path: Path, trainer: Trainer) -> Tensors:
    """Put a training where it was when the state was saved; returns the best weights so far.

    Raises `UserError` where the state is damaged or another network's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 - no dictionary
            trainer.steps = int(json.loads((file.metadata() or {})[_STATE])["steps"])
        trainer.network.load_state_dict(_under(tensors, "now/"))
        states: dict[int, dict[str, torch.Tensor]] = {}
        for key, value in _under(tensors, "optimizer/").items():
            number, name = key.split("/", 1)
            states.setdefault(int(number), {})[name] = value
        groups = trainer.optimizer.state_dict()["param_groups"]
        trainer.optimizer.load_state_dict({"state": states, "param_groups": groups})
    except (SafetensorError, OSError, ValueError, KeyError, RuntimeError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path}: the training cannot go on from it: {first}") from None
    return _under(tensors, "best/")


def _under(tensors: Mapping[str, torch.Tensor], prefix: str) -> Tensors:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _save(path: Path, tensors: Mapping[str, torch.Tensor], metadata: dict[str, str]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        save_file(dict(tensors), part, metadata=metadata)
        part.chmod(0o644)  # safetensors writes for the owner alone
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    except (OSError, SafetensorError) as error:
        part.unlink(missing_ok=True)
        raise EnvironmentFault(f"{path}: cannot be written: {error}") from None
