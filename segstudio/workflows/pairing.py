"""Which prediction belongs to which truth: by key, by name without the usual endings, by image number, by beginning."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from segstudio.core.dataset import Skipped

T = TypeVar("T")
ENDINGS = (
    ("_leftImg8bit", "_gtFine", "_gtCoarse", "_labelIds", "_labelTrainIds", "_instanceIds", "_color")
    + ("_prediction", "_predictions", "_pred", "_preds", "_result", "_output", "_mask", "_label", "_labels")
    + ("_seg", "_gt", "_L", "-pred", "-mask", "_rgb")
)
"""What names of pictures, truth and predictions carry beside the image's own name."""


@dataclass(frozen=True)
class Pairs(Generic[T]):
    """Pairs (key of the truth, truth, prediction) in the truth's order, and what has no partner."""

    pairs: Sequence[tuple[str, T, T]]
    missing: tuple[Skipped, ...]
    unused: int


def pair(
    truth: Mapping[str, T], prediction: Mapping[str, T], *, number_of: Callable[[T], int | None] = lambda entry: None
) -> Pairs[T]:
    """Pair by key, then by bare name, then by the image's number in its file, then by a unique beginning.

    A truth without a prediction is told in `missing`; predictions without a truth are counted in `unused`.
    """
    bare = _unique((bare_name(key), key) for key in prediction)
    numbers = _unique((n, key) for key, entry in prediction.items() if (n := number_of(entry)) is not None)
    pairs, missing, used = [], [], set()
    for key, entry in truth.items():
        partner: str | None = key if key in prediction else bare.get(bare_name(key))
        number = number_of(entry)
        if partner is None and number is not None:
            partner = numbers.get(number)
        if partner is None:
            partner = _beginning_with(bare_name(key), bare)
        if partner is None:
            missing.append(Skipped(key, "there is no prediction for it"))
        else:
            used.add(partner)
            pairs.append((key, entry, prediction[partner]))
    return Pairs(pairs, tuple(missing), len(prediction) - len(used))


def bare_name(key: str) -> str:
    """The last part of a key without the endings that say picture, truth or prediction."""
    name = key.rsplit("/", 1)[-1]
    while True:
        for ending in ENDINGS:
            if name.endswith(ending) and len(name) > len(ending):
                name = name[: -len(ending)]
                break
        else:
            return name


N = TypeVar("N", str, int)


def _unique(rows: Iterable[tuple[N, str]]) -> dict[N, str]:
    """Name → key where only one key has that name."""
    found: dict[N, str] = {}
    twice: set[N] = set()
    for name, key in rows:
        if name in found:
            twice.add(name)
        found[name] = key
    return {name: key for name, key in found.items() if name not in twice}


def _beginning_with(name: str, bare: Mapping[str, str]) -> str | None:
    """The only prediction whose name goes on after the truth's: `city_000_001` and `city_000_001_net-v2`."""
    found = [key for other, key in bare.items() if other.startswith(name) and not other[len(name)].isalnum()]
    return found[0] if len(found) == 1 else None
