"""Promptable segmenters as assists: the two that need no weights, and every one whose weights are on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from segstudio.core.errors import SegStudioError
from segstudio.core.geometry import Rect
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate, checked
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.opening import TASK, found_weights, open_segmenter
from segstudio.models.interactive.oracle import NAME, Oracle, OracleSettings
from segstudio.models.interactive.predictor import InteractivePredictor, SegmenterSpec
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.registry import ModelRegistry
from segstudio.workflows.benching.click_assists import Answers, Assist, Mask
from segstudio.workflows.benching.clicker import Click
from segstudio.workflows.benching.subjects import Subject

NOISE = 0.5
"""How much the Oracle's outlines are displaced: a segmenter that is good, not perfect."""


def promptable(registry: ModelRegistry, *, device: str = "auto") -> tuple[list[Assist], list[str]]:
    """The segmenters that can be opened here, and a sentence for each that has weights but did not open."""
    assists = [Assist("Oracle, exact", _by(Oracle())), Assist("Oracle, noisy", _by(noisy_oracle()))]
    refused: list[str] = []
    for name in registry.names():
        card = registry.card(name)
        if card.task != TASK or name == NAME or registry.missing_extra(name):
            continue
        if card.weights and found_weights(registry, card) is None:
            continue
        try:
            opened = open_segmenter(registry, SegmenterSpec(name, device=device))
        except SegStudioError as error:
            refused.append(f"{name}: {error.message}")
        else:
            assists.append(Assist(card.title, _by(opened), slow=True))
            if opened.capabilities.box:
                assists.append(Assist(f"{card.title}, box", _by(opened, boxed=True), first_clicks=2, slow=True))
    return assists, refused


def bundled(registry: ModelRegistry, *, device: str = "auto") -> dict[str, InteractivePredictor]:
    """The segmenters whose weights come with the program, opened, by their titles: what a fresh machine has."""
    cards = [card for card in registry.cards(TASK) if any(entry.is_bundled for entry in card.weights)]
    return {card.title: open_segmenter(registry, SegmenterSpec(card.name, device=device)) for card in cards}


def noisy_oracle() -> Oracle:
    """The Oracle as good as a good segmenter."""
    return Oracle(OracleSettings(noise=NOISE))


def _by(predictor: InteractivePredictor, *, boxed: bool = False) -> Callable[[Subject], Answers]:
    """Asked by clicks; `boxed`, a box drawn exactly round the object comes before them."""

    def begin(subject: Subject) -> Answers:
        truth_hw = subject.things_hw if predictor.capabilities.reads_truth else None
        embedding = predictor.encode(Frame(subject.name, subject.image_hwc, truth_hw), cancel=CancelToken())
        last: list[Candidate] = []
        drawn = Rect.of_mask(subject.object_hw) if boxed else None
        box_xyxy = None if drawn is None else (float(drawn.x0), float(drawn.y0), float(drawn.x1), float(drawn.y1))

        def answer(clicks: Sequence[Click]) -> Mask:
            points_xy = np.array([(click.column + 0.5, click.row + 0.5) for click in clicks], np.float64).reshape(-1, 2)
            signs = np.array([click.positive for click in clicks], np.bool_)
            previous_hw = last[0].logits_hw if last and len(clicks) + boxed > 1 else None
            prompt = Prompt(points_xy, signs, box_xyxy, previous_hw=previous_hw)
            found = checked(predictor.predict(embedding, prompt, cancel=CancelToken()), where=subject.name)
            mask_hw = np.zeros(subject.object_hw.shape, np.bool_)
            last[:] = found[:1]
            if found:
                rect, inside = found[0].pixels(subject.object_hw.shape)
                mask_hw[rect.slices] = inside
            return mask_hw

        return answer

    return begin
