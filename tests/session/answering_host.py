"""A model host that answers at once on the calling thread: what the session does with answers, without any network."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.models.events import Done, Event, Failed, Started
from segstudio.models.jobs import Job
from segstudio.models.prediction import Prediction
from segstudio.models.request import PredictRequest

MODEL_CLASSES = ClassSet(
    "model",
    (LabelClass(50, "house", (1, 2, 3)), LabelClass(51, "road", (4, 5, 6)), LabelClass(52, "dragon", (7, 8, 9))),
)


class AnsweringHost:
    """Says house everywhere above the middle, road below, and a dragon in one corner."""

    def __init__(self) -> None:
        self.requests: list[PredictRequest] = []
        self.priorities: dict[str, int] = {}
        self.closed = False

    def submit(self, request: PredictRequest, *, on_event: Callable[[Event], object], priority: int = 0) -> Job:
        self.requests.append(request)
        self.priorities[request.key] = priority
        job = Job(len(self.requests), request, on_event, lambda job, grace: None)
        # The session hears of the answer after `submit` returned, as from a thread.
        self.pending = (job, request)
        return job

    def answer(self, *, cached: bool = False) -> None:
        """Give the answer to the latest request."""
        job, request = self.pending
        height, width = request.image.shape[:2]
        labels_hw = np.zeros((height, width), np.uint8)
        labels_hw[height // 2 :] = 1
        labels_hw[:4, :4] = 2
        confidence_hw = np.full((height, width), 200, np.uint8)
        job.tell(Started(request.key))
        done = Prediction((height, width), MODEL_CLASSES, labels_hw, confidence_hw, device="cpu", reason="a test")
        job.tell(Done(request.key, done, cached))

    def fail(self, message: str) -> None:
        """Say that the latest request failed."""
        job, request = self.pending
        job.tell(Failed(request.key, message))

    def close(self) -> None:
        self.closed = True
