"""What a network is trained on: random crops of labelled images, rare classes met more often than they are common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from segstudio.models.card import Preprocess

Photo = NDArray[np.uint8]
IndexRaster = NDArray[np.uint8] | NDArray[np.uint16]
Light = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    `balance` weighs the loss: 0 counts all pixels alike, 1 all classes alike. `sought` is the share of crops that are
    put over a pixel of a class drawn by its rarity; the others fall anywhere.
    """

    batch: int = 4
    crop_hw: tuple[int, int] = (256, 448)
    scales: tuple[float, float] = (0.7, 1.35)
    peak_rate: float = 5e-3
    balance: float = 0.2
    sought: float = 0.0
    warm_up: int = 40


class Samples(Protocol):
    """Labelled images by number: photos uint8 RGB `[H, W, 3]` and evaluation indices `[H, W]` of the same size."""

    def __len__(self) -> int: ...

    def __getitem__(self, number: int, /) -> tuple[Photo, IndexRaster]: ...


class Census:
    """How many pixels each class has in each of some images, int64 `[images, classes]`."""

    def __init__(self, samples: Samples, classes: int) -> None:
        rows = [np.bincount(samples[i][1].ravel(), minlength=classes)[:classes] for i in range(len(samples))]
        self.counts = np.array(rows, np.int64).reshape(len(samples), classes)

    def weights(self, balance: float) -> torch.Tensor:
        """Weights of the loss ∝ frequency ** −balance, float32 `[classes]`, with mean 1 over the pixels."""
        counts = 1.0 + self.counts.sum(axis=0)
        weight = counts ** (-balance)
        return torch.tensor(weight * counts.sum() / (weight * counts).sum(), dtype=torch.float32)

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        """An image and a class that it has; classes by 1 / √frequency, images of a class alike. Some class occurs."""
        totals = self.counts.sum(axis=0)
        rarity = np.where(totals > 0, 1.0 / np.sqrt(np.maximum(totals, 1)), 0.0)
        chosen = int(random.choice(len(totals), p=rarity / rarity.sum()))
        return int(random.choice(np.flatnonzero(self.counts[:, chosen]))), chosen


def crop_size(samples: Samples, wanted_hw: tuple[int, int], multiple: int = 32) -> tuple[int, int]:
    """The size of crops: as wanted, but no larger than the largest image; sides are multiples of `multiple`."""
    sizes = np.array([samples[i][1].shape for i in range(len(samples))])
    tall, wide = (-(-int(side) // multiple) * multiple for side in sizes.max(axis=0))
    return min(wanted_hw[0], tall), min(wanted_hw[1], wide)


def augmented(
    pair: tuple[Photo, IndexRaster],
    recipe: Recipe,
    random: np.random.Generator,
    *,
    sought: int | None = None,
) -> tuple[Light, IndexRaster]:
    """A random crop at a random scale, mirrored or not, with other light; float RGB in about 0 … 1 `[h, w, 3]`.

    With `sought` the crop holds a pixel of that class, which must occur.
    """
    photo, labels = pair
    scale = random.uniform(*recipe.scales)
    height, width = recipe.crop_hw
    tall, wide = min(round(height / scale), photo.shape[0]), min(round(width / scale), photo.shape[1])
    y, x = _corner(labels, (tall, wide), random, sought)
    window = np.s_[y : y + tall, x : x + wide]
    cut = cv2.resize(photo[window], (width, height), interpolation=cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA)
    truth = cv2.resize(labels[window], (width, height), interpolation=cv2.INTER_NEAREST)
    if random.random() < 0.5:
        cut, truth = cut[:, ::-1], truth[:, ::-1]
    bright = cut.astype(np.float32) / 255
    bright = bright ** np.float32(random.uniform(0.75, 1.3)) * random.uniform(0.8, 1.2, 3).astype(np.float32)
    bright += random.normal(0, random.uniform(0, 0.03), bright.shape).astype(np.float32)
    return bright.astype(np.float32), truth  # type: ignore[return-value]  # the labels' own type


def _corner(
    labels: IndexRaster, size_hw: tuple[int, int], random: np.random.Generator, sought: int | None
) -> tuple[int, int]:
    last_y, last_x = labels.shape[0] - size_hw[0], labels.shape[1] - size_hw[1]
    if sought is None:
        return int(random.integers(0, last_y + 1)), int(random.integers(0, last_x + 1))
    places = np.flatnonzero(labels == sought)
    row, column = divmod(int(places[random.integers(len(places))]), labels.shape[1])
    y = row - int(random.integers(0, size_hw[0]))
    x = column - int(random.integers(0, size_hw[1]))
    return min(max(y, 0), last_y), min(max(x, 0), last_x)


def batch_of(samples: Sequence[tuple[Light, IndexRaster]], preprocess: Preprocess) -> tuple[torch.Tensor, torch.Tensor]:
    """The network's input float32 `[N, 3, h, w]` in the convention of `preprocess`, and int64 labels `[N, h, w]`."""
    mean, std = np.asarray(preprocess.mean, np.float64), np.asarray(preprocess.std, np.float64)
    factor = 255 * preprocess.scale / std
    offset = mean / std * (preprocess.scale if preprocess.scale_last else 1.0)
    step = 1 if preprocess.order == "rgb" else -1
    images = np.stack([photo[..., ::step] for photo, _ in samples]) * factor - offset
    labels = np.stack([truth for _, truth in samples]).astype(np.int64)
    return torch.from_numpy(images.astype(np.float32)).permute(0, 3, 1, 2), torch.from_numpy(labels)
