"""Training of the click network: lessons, clicks on the network's own mistakes, and the mean of its late weights."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .lesson_pictures import Picture
from .lessons import Lesson, batch
from .network import ClickNet
from .planes import planes_of


@dataclass(frozen=True)
class Plan:
    """How long and on what; `sides` says from which share of the training on squares are how large."""

    steps: int
    batch: int = 12
    peak_rate: float = 2e-3
    decay: float = 0.02
    sides: tuple[tuple[float, int], ...] = ((0.0, 96), (0.55, 128), (0.93, 160))
    further: tuple[float, ...] = (0.4, 0.25, 0.2, 0.15)
    """How often the network clicks itself 0, 1, 2, 3 times before it learns."""

    def side_at(self, part: float) -> int:
        """The side of squares at a share 0…1 of the training."""
        return [side for begins, side in self.sides if part >= begins][-1]

    def rate_at(self, part: float) -> float:
        """A short rise, then half a cosine."""
        return self.peak_rate * min(1.0, part / 0.03 + 1e-3) * (0.01 + 0.99 * (1 + math.cos(math.pi * part)) / 2)


class Training:
    """One network being made. The same sources, plan, seed, shares and threads give the same weights."""

    def __init__(
        self, sources: Sequence[tuple[float, Sequence[Picture]]], plan: Plan, *, seed: int, half_floats: bool = True
    ) -> None:
        torch.manual_seed(seed)
        self.plan, self.seed, self.step_number = plan, seed, 0
        self.network = ClickNet().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.smooth = copy.deepcopy(self.network).eval().requires_grad_(False)
        self._sources, self._half = sources, half_floats
        self._optimizer = torch.optim.AdamW(self.network.parameters(), lr=plan.peak_rate, weight_decay=plan.decay)

    def step(self, part: float) -> float:
        """One batch at a share 0…1 of the training; its loss."""
        plan = self.plan
        chance = np.random.default_rng([self.seed, self.step_number])
        lessons = batch(self._sources, plan.batch, plan.side_at(part), chance)
        for _ in range(int(chance.choice(len(plan.further), p=plan.further))):
            self._practise(lessons, chance)
        for group in self._optimizer.param_groups:
            group["lr"] = plan.rate_at(part)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            logits = self.network(_planes(lessons))
        loss = loss_of(logits.float()[:, 0], *_truth(lessons))
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 2.0)
        self._optimizer.step()
        self.step_number += 1
        self._follow()
        return float(loss.detach())

    @torch.no_grad()
    def _practise(self, lessons: list[Lesson], chance: np.random.Generator) -> None:
        """The network answers, and each lesson gets a click where the answer is most wrong."""
        self.network.eval()
        with torch.autocast("cpu", torch.bfloat16, enabled=self._half):
            shares = torch.sigmoid(self.network(_planes(lessons)).float())[:, 0].numpy()
        for lesson, share_hw in zip(lessons, shares, strict=True):
            lesson.before_hw = share_hw
            lesson.click(np.asarray(share_hw > 0.5), chance)

    @torch.no_grad()
    def _follow(self) -> None:
        keep = min(0.999, (1 + self.step_number) / (10 + self.step_number))
        mine = self.network.state_dict()
        for name, tensor in self.smooth.state_dict().items():
            if tensor.is_floating_point():
                tensor.lerp_(mine[name], 1 - keep)
            else:
                tensor.copy_(mine[name])

    def state(self) -> dict[str, object]:
        """Everything that going on needs."""
        return {
            "step": self.step_number,
            "network": self.network.state_dict(),
            "smooth": self.smooth.state_dict(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go on from `state`."""
        self.step_number = int(state["step"])  # type: ignore[call-overload]
        self.network.load_state_dict(state["network"])  # type: ignore[arg-type]
        self.smooth.load_state_dict(state["smooth"])  # type: ignore[arg-type]
        self._optimizer.load_state_dict(state["optimizer"])  # type: ignore[arg-type]


def loss_of(logits: Tensor, truth: Tensor, counted: Tensor) -> Tensor:
    """Cross-entropy in which easy pixels count less, and one minus the soft IoU; `[N, H, W]` each, `counted` 0 or 1."""
    share = torch.sigmoid(logits)
    wrong = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    with torch.no_grad():
        hard = (share - truth).abs() ** 1.5 * counted
        hard = hard * counted.sum(dim=(1, 2), keepdim=True) / hard.sum(dim=(1, 2), keepdim=True).clamp_min(1e-3)
        weight = 0.5 * counted + 0.5 * hard.clamp_max(20.0)
    entropy = (wrong * weight).sum(dim=(1, 2)) / counted.sum(dim=(1, 2)).clamp_min(1)
    both = (share * truth * counted).sum(dim=(1, 2))
    either = ((share + truth - share * truth) * counted).sum(dim=(1, 2))
    return (entropy + 1 - (both + 1) / (either + 1)).mean()


def _planes(lessons: Sequence[Lesson]) -> Tensor:
    planes = torch.from_numpy(planes_of([lesson.said() for lesson in lessons]))
    return planes.contiguous(memory_format=torch.channels_last)


def _truth(lessons: Sequence[Lesson]) -> tuple[Tensor, Tensor]:
    def stacked(masks: list[NDArray[np.bool_]]) -> Tensor:
        return torch.from_numpy(np.stack(masks).astype(np.float32))

    return stacked([lesson.mask_hw for lesson in lessons]), stacked([~lesson.unknown_hw for lesson in lessons])
