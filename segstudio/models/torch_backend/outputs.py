"""Which class each output channel of a network stands for."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, ClassSet
from segstudio.core.errors import UserError
from segstudio.models.card import ModelCard


def channel_table(card: ModelCard, class_set: ClassSet, outputs: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """`[outputs]`: the evaluation index of every channel, `class_set.ignored_index` for background.

    The card's own order where it has one for that many channels; else channel i is index i, and one channel more than
    classes is background. A single output means class 0 against the rest (two entries). Raises `UserError` where the
    numbers do not fit: nothing is guessed.
    """
    count, ignored = class_set.num_classes, class_set.ignored_index
    if len(card.channels) == outputs and all(index == IGNORED or index < count for index in card.channels):
        indices = [ignored if index == IGNORED else index for index in card.channels]
    elif outputs == 1:
        indices = [1, 0] if count == 2 else [0, ignored]
    elif outputs == count:
        indices = list(range(count))
    elif outputs == count + 1:
        indices = [*range(count), ignored]
    else:
        raise UserError(
            f"{card.name} gives {outputs} outputs, the class set {class_set.name!r} has {count} classes",
            hint=f"name a class set of {outputs} classes (or {outputs - 1} and background last)",
        )
    return np.array(indices, np.uint8) if ignored == IGNORED else np.array(indices, np.uint16)
