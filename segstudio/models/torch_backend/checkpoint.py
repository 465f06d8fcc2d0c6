"""Weights files: plain tensors in, code never; and the comparison of their names and shapes with a network's."""

from __future__ import annotations

import copy
import pickle
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from segstudio.core.errors import UserError
from segstudio.models.torch_backend.building import OUTPUTS

Tensors = dict[str, torch.Tensor]

WRAPPINGS = ("state_dict", "model", "model_state_dict", "model_state", "net", "network", "params", "weights")
"""Names under which training scripts keep the tensors beside their optimiser, epoch and scores."""

MOST_ANSWERS = 36
"""How many times a detector may answer for each of its outputs at a place: boxes, and four numbers for each."""

PREFIXES = ("module.", "model.", "net.", "network.", "_orig_mod.")
"""What wrappers such as DataParallel put before every name."""


class OutputsDiffer(UserError):
    """The weights fit except for the number of outputs, which is `found` where the network has `expected`."""

    def __init__(self, where: str, expected: int, found: int) -> None:
        super().__init__(
            f"{where}: the weights were trained for {found} outputs, the network has {expected}",
            hint=f"build it with {found} classes and name them",
        )
        self.expected = expected
        self.found = found


def read_tensors(path: Path) -> Tensors:
    """The tensors of a weights file by name, on the CPU, without wrappings and without a prefix that all names share.

    Reads safetensors, and torch's own files through `weights_only=True`. Raises `UserError` in one line for everything
    else: missing, truncated, holding code, a TorchScript program, no tensors; nothing in the file is run.
    """
    if not path.is_file():
        raise UserError(f"{path}: there is no such weights file")
    document = _load_safetensors(path) if _is_safetensors(path) else _load_torch(path)
    tensors = _unwrap(document, path)
    for prefix in PREFIXES:
        if prefix in ("module.", "_orig_mod."):
            tensors = _without_prefix(tensors, prefix)
    return tensors


def load_into(network: torch.nn.Module, path: Path) -> None:
    """Put the tensors of a file into `network`; raises `UserError` and changes nothing where they do not fit."""
    put_tensors(network, read_tensors(path), where=str(path))


def put_tensors(network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, where: str) -> None:
    """Put named tensors into `network`, renamed by its `adapt_to` where it has one.

    Raises `OutputsDiffer`, or `UserError` that lists missing, unexpected and misshapen tensors; then the network is as
    it was.
    """
    fitting = _peeled(dict(tensors), network)
    if hasattr(network, "adapt_to"):
        trial = copy.deepcopy(network)
        _compare(trial, _adapted(trial, fitting, where), where)
        fitting = _adapted(network, fitting, where)
    else:
        _compare(network, fitting, where)
    network.load_state_dict(fitting, strict=False)


def _adapted(network: torch.nn.Module, tensors: Tensors, where: str) -> Tensors:
    adapt: Any = network.adapt_to
    try:
        return dict(adapt(dict(tensors)))
    except KeyError as error:
        raise UserError(f"{where}: not the weights of {type(network).__name__}: no tensor is named {error}") from None
    except (IndexError, ValueError, RuntimeError) as error:
        raise UserError(f"{where}: not the weights of {type(network).__name__}: {error}") from None


def _is_safetensors(path: Path) -> bool:
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        head = file.read(9)
    return len(head) == 9 and head[8:] == b"{" and int.from_bytes(head[:8], "little") < path.stat().st_size


def _load_safetensors(path: Path) -> Any:
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise UserError(f"{path}: damaged safetensors file: {error}") from None


def _load_torch(path: Path) -> Any:
    if _is_torchscript(path):
        raise UserError(f"{path}: a TorchScript program, not weights", hint="give it to the model `torchscript`")
    try:
        with torch.serialization.safe_globals(_plain_numpy()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "Unsupported" in str(error) or "GLOBAL" in str(error) or "allowed" in str(error):
            raise UserError(
                f"{path}: refused: it holds code or objects, not only tensors",
                hint="save the state_dict alone, best as safetensors",
            ) from None
        raise UserError(f"{path}: not a weights file, or damaged") from None
    except (EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError):
        # What the unpickler stumbles over in bytes that are no pickle says nothing to a person.
        raise UserError(f"{path}: not a weights file, or damaged") from None
    except (RuntimeError, OSError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise UserError(f"{path}: not a weights file, or damaged: {first[:120]}") from None


def _plain_numpy() -> list[Any]:
    """Numbers that training scripts store beside the tensors (scores as numpy scalars); data, not code."""
    multiarray = getattr(np, "_core", None)
    allowed: list[Any] = [np.dtype, *{type(np.dtype(kind)) for kind in ("f4", "f8", "i4", "i8", "u1", "?")}]
    if multiarray is not None:
        scalar = multiarray.multiarray.scalar
        allowed += [(scalar, "numpy.core.multiarray.scalar"), (scalar, "numpy._core.multiarray.scalar")]
    return allowed


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("constants.pkl") for name in archive.namelist())


def _unwrap(document: Any, path: Path) -> Tensors:
    for _ in range(4):
        if not isinstance(document, Mapping):
            break
        inner = next((document[key] for key in WRAPPINGS if isinstance(document.get(key), Mapping)), None)
        if inner is None:
            break
        document = inner
    if isinstance(document, Mapping):
        tensors = {str(key): value for key, value in document.items() if isinstance(value, torch.Tensor)}
        if tensors:
            return tensors
    raise UserError(f"{path}: holds no tensors by name")


def _without_prefix(tensors: Tensors, prefix: str) -> Tensors:
    while tensors and all(key.startswith(prefix) for key in tensors):
        tensors = {key.removeprefix(prefix): value for key, value in tensors.items()}
    return tensors


def _peeled(tensors: Tensors, network: torch.nn.Module) -> Tensors:
    """Without those shared prefixes that the network's own names do not have."""
    own = list(network.state_dict())
    for prefix in PREFIXES:
        if not any(key.startswith(prefix) for key in own):
            tensors = _without_prefix(tensors, prefix)
    return tensors


def _compare(network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], where: str) -> None:
    own = network.state_dict()
    missing = [key for key in own if key not in tensors and not key.endswith("num_batches_tracked")]
    unexpected = [key for key in tensors if key not in own and not key.endswith("num_batches_tracked")]
    shapes = [key for key in own if key in tensors and own[key].shape != tensors[key].shape]
    if not (missing or unexpected or shapes):
        return
    if shapes and not missing and not unexpected:
        pair = _outputs(network, tensors, shapes)
        if pair is not None:
            raise OutputsDiffer(where, *pair)
    parts = []
    for what, keys in (("missing", missing), ("unexpected", unexpected), ("of another shape", shapes)):
        if keys:
            listed = ", ".join(_named(key, own, tensors) for key in keys[:3])
            parts.append(f"{len(keys)} {what} ({listed}{', …' if len(keys) > 3 else ''})")
    fitting = len(own) - len(missing) - len(shapes)
    raise UserError(
        f"{where}: not the weights of {type(network).__name__}: {'; '.join(parts)}",
        hint=f"{fitting} of {len(own)} tensors fit",
    )


def _named(key: str, own: Mapping[str, torch.Tensor], tensors: Mapping[str, torch.Tensor]) -> str:
    if key in own and key in tensors:
        return f"{key} {list(tensors[key].shape)} for {list(own[key].shape)}"
    return key


def _outputs(
    network: torch.nn.Module, tensors: Mapping[str, torch.Tensor], shapes: list[str]
) -> tuple[int, int] | None:
    """(outputs of the network, outputs of the weights) where another number of outputs can be all that differs.

    A single change of one length is that. Networks whose inner widths follow the outputs differ in several: then the
    one that starts from the number for which the network was built, or from a multiple of it, as detectors have that
    answer for several boxes at a place. Where it has one more than that, for "nothing", it is not counted.
    """
    own = network.state_dict()
    pairs = set()
    for key in shapes:
        mine, theirs = own[key].shape, tensors[key].shape
        if len(mine) != len(theirs):
            return None
        pairs |= {(a, b) for a, b in zip(mine, theirs, strict=True) if a != b}
    built = getattr(network, OUTPUTS, None)
    if built is not None:
        for most in (1, MOST_ANSWERS) if built > 2 else (1,):  # everything is a multiple of one or two
            found = {number for pair in pairs for number in _implied(*pair, built=built, most=most)}
            if len(found) == 1:
                return built, found.pop()
    return pairs.pop() if len(pairs) == 1 else None


def _implied(mine: int, theirs: int, *, built: int, most: int) -> set[int]:
    """The numbers of which `theirs` is the multiple that `mine` is of `built`, or of `built` and "nothing"."""
    factors = [factor for factor in range(1, most + 1) if theirs % factor == 0]
    plain = {theirs // factor for factor in factors if mine == factor * built}
    with_nothing = {theirs // factor - 1 for factor in factors if mine == factor * (built + 1)}
    return {number for number in plain | with_nothing if number > 0}
