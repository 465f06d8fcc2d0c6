"""How fast learning is: a training step, measuring an image, keeping an epoch, of the default network."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from segstudio.core.class_set import ClassSet
from segstudio.models.card import Preprocess
from segstudio.models.own_classes import in_classes
from segstudio.models.registry import default_registry
from segstudio.models.torch_backend.device import choose_device
from segstudio.models.torch_backend.learning.crops import Recipe
from segstudio.models.torch_backend.learning.start import untrained
from segstudio.models.torch_backend.learning.state import copied, save_state
from segstudio.models.torch_backend.learning.trainer import Trainer, limit_threads
from segstudio.models.torch_backend.predictor import Predictor
from segstudio.session.assist.doubt import doubtful_places
from segstudio.workflows.learning.request import MODEL, LearnRequest
from tests.benchmarks.table import Row, median_of

_SIZE_HW = (512, 1024)
_EPOCH = 5000.0
"""An epoch of ten steps is what a kill costs at most: it shall be seconds."""


def bench_learning() -> list[Row]:
    """Training, measuring and keeping, at 1024×512 and 16 classes."""
    limit_threads(LearnRequest("", model=MODEL).thread_count)
    classes, random = ClassSet.load("toytown"), np.random.default_rng(1)
    photo = random.integers(0, 256, (*_SIZE_HW, 3), dtype=np.uint8)
    labels = random.integers(0, classes.num_classes, (64, 128), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    registry = default_registry()
    network = untrained(registry, MODEL, classes.num_classes, seed=1)
    trainer = Trainer(
        network, [(photo, labels)], Recipe(), classes=classes.num_classes, ignored=255, preprocess=Preprocess(), seed=1
    )
    rows = [_row("a training step, 4 crops of 448×256", lambda: trainer.step(0.5), limit=_EPOCH / 10, repeat=10)]
    card = in_classes(registry.card(MODEL), classes)
    predictor = Predictor(card, untrained(registry, MODEL, classes.num_classes, seed=1), choice=choose_device("cpu"))
    rows.append(_row("one held-out image of 1024×512", lambda: predictor.predict(photo), limit=500, repeat=10))
    best = copied(network)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "round.safetensors"
        rows.append(_row("keeping an epoch", lambda: save_state(place, trainer, best, {}), limit=200, repeat=10))
    confidence = random.integers(0, 256, _SIZE_HW, dtype=np.uint8)
    bare = np.zeros(_SIZE_HW, np.uint16)
    rows.append(
        _row("the doubtful regions of 1024×512", lambda: doubtful_places(confidence, bare), limit=16, repeat=30)
    )
    return rows


def _row(what: str, work: object, *, limit: float, repeat: int) -> Row:
    median, p95 = median_of(work, repeat=repeat)  # type: ignore[arg-type]
    return Row(what, median, p95, limit=f"{limit:g} ms", ok=median <= limit)
