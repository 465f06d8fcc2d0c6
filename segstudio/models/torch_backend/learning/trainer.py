"""The training loop, one step at a time: whoever calls decides how many, and stops, saves or measures in between."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional

from segstudio.models.card import Preprocess
from segstudio.models.torch_backend.learning.crops import (
    Census,
    IndexRaster,
    Light,
    Recipe,
    Samples,
    augmented,
    batch_of,
    crop_size,
)
from segstudio.models.torch_backend.pixels import as_logits


def limit_threads(count: int) -> None:
    """Let torch, and what prepares its images, use at most so many threads of the CPU in this process."""
    torch.set_num_threads(count)
    cv2.setNumThreads(1)


class Trainer:
    """Trains `network` in place with AdamW on crops of `samples`; equal seeds and threads give equal steps.

    The rate rises over the first steps and falls along a half cosine with the part of the training that is done.
    """

    def __init__(
        self,
        network: nn.Module,
        samples: Samples,
        recipe: Recipe,
        *,
        classes: int,
        ignored: int,
        preprocess: Preprocess,
        seed: int,
        device: torch.device | None = None,
    ) -> None:
        self.device = device or torch.device("cpu")
        self.network = network.to(self.device).train().to(memory_format=torch.channels_last)
        for parameter in self.network.parameters():
            parameter.requires_grad_(True)
        self.recipe = replace(recipe, crop_hw=crop_size(samples, recipe.crop_hw))
        self.optimizer = torch.optim.AdamW(self.network.parameters(), lr=recipe.peak_rate, weight_decay=1e-3)
        self.steps = 0
        self.images = len(samples)
        self._samples, self._preprocess, self._ignored = samples, preprocess, ignored
        self._census = Census(samples, classes)
        self._weight = self._census.weights(recipe.balance).to(self.device)
        self._seed = seed
        self._random = np.random.default_rng(seed)
        self._order = np.array([], np.int64)

    def begin_epoch(self, number: int) -> None:
        """Draw from here on what this epoch draws whenever it is begun: a training that goes on needs no dice kept."""
        self._random = np.random.default_rng((self._seed, number))
        self._order = np.array([], np.int64)

    def step(self, part: float) -> float:
        """Train on one batch; `part` 0…1 is how much of the training is done. Returns the loss."""
        rise = min(1.0, (self.steps + 1) / self.recipe.warm_up)
        for group in self.optimizer.param_groups:
            group["lr"] = self.recipe.peak_rate * rise * (0.5 + 0.5 * math.cos(math.pi * min(part, 1.0)))
        images, labels = batch_of(self._batch(), self._preprocess)
        pixels = images.to(self.device).contiguous(memory_format=torch.channels_last)
        logits = as_logits(self.network(pixels), (int(images.shape[-2]), int(images.shape[-1])))
        loss = self._loss(logits, labels.to(self.device))
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        self.optimizer.step()
        self.steps += 1
        return loss.item()

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        total = functional.cross_entropy(
            logits[:, : len(self._weight)], labels, self._weight, ignore_index=self._ignored, reduction="sum"
        )
        # A crop may lie where nothing is labelled; its mean would be 0/0.
        counted = labels != self._ignored
        return total / self._weight[labels[counted]].sum().clamp(min=1e-6)

    def _batch(self) -> list[tuple[Light, IndexRaster]]:
        recipe, random = self.recipe, self._random
        if len(self._order) < recipe.batch:
            wanted = max(recipe.batch, len(self._samples))
            parts = [random.permutation(len(self._samples)) for _ in range(-(-wanted // len(self._samples)))]
            self._order = np.concatenate([self._order, *parts])
        chosen, self._order = self._order[: recipe.batch], self._order[recipe.batch :]
        result = []
        for number in chosen.tolist():
            sought = None
            if recipe.sought and random.random() < recipe.sought:
                number, sought = self._census.draw(random)
            result.append(augmented(self._samples[number], recipe, random, sought=sought))
        return result
