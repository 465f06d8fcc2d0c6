"""The live numbers that a person chose to see: semantic, panoptic or instance, by which rules, and their changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from segstudio.core.event import Event
from segstudio.metrics.live import Score
from segstudio.metrics.numbers import mean_of_defined
from segstudio.metrics.panoptic import PanopticCounts
from segstudio.metrics.policy import COCO, PRESETS, Policy
from segstudio.session.session import Session
from segstudio.session.view import MetricMode

if TYPE_CHECKING:
    from segstudio.session.scores.live_instances import InstanceScores
    from segstudio.session.scores.live_panoptic import PanopticScores


@dataclass(frozen=True, slots=True)
class Line:
    """One metric, fractions 0…1 (NaN where undefined): of the image and of the data set, now, when the image was
    opened, and when the last stroke began.
    """

    title: str
    tip: str
    image: float
    image_at_opening: float
    image_at_stroke: float
    dataset: float
    dataset_at_opening: float
    dataset_at_stroke: float


@dataclass(frozen=True, slots=True)
class Board:
    """Everything at once; the first line is the headline."""

    mode: MetricMode
    policy: Policy
    lines: tuple[Line, ...]
    num_images: int
    note: str = ""


_SEMANTIC = (
    ("mIoU", "mean_iou", "mean over classes of the intersection over union"),
    ("Pixel acc.", "pixel_accuracy", "pixel accuracy: share of scored pixels with the right class"),
    ("Mean acc.", "mean_pixel_accuracy", "mean accuracy: mean over classes of the share of their pixels found"),
)
_NO_OBJECTS = "AP measures objects: there are none in these labels yet (M switches to objects)."


class Scoreboard:
    """Starts the scores of a mode when it is chosen and stops them when it is left; `changed` carries nothing."""

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._panoptic: PanopticScores | None = None
        self._instances: InstanceScores | None = None
        session.live.changed.connect(self._on_news)
        session.live.marked.connect(self._on_mark)
        session.document_changed.connect(self._on_news)
        session.view.changed.connect(self._on_view)
        self._start(session.view.now.metric_mode)

    def board(self) -> Board | None:
        """The numbers now; None where the open image has no truth."""
        mode = self._session.view.now.metric_mode
        if not self._session.live.has_truth:
            return None
        if mode == "panoptic" and self._panoptic is not None:
            return _panoptic(self._panoptic)
        if mode == "instance" and self._instances is not None:
            return _instances(self._instances)
        return self._semantic()

    def _semantic(self) -> Board | None:
        live, policy = self._session.live, PRESETS[self._session.view.now.policy]
        score = live.score()
        if score is None:
            return None
        opening, stroke = score.since_opening, score.since_stroke
        lines = []
        for title, name, tip in _SEMANTIC:
            values = []
            for now, at_opening, at_stroke in (
                (score.image, opening.image, stroke.image),
                (score.dataset, opening.dataset, stroke.dataset),
            ):
                values += [_of(now, name), _before(now, at_opening, name), _before(now, at_stroke, name)]
            lines.append(Line(title, tip, *values))
        if (policy.averaging, policy.absent) != ("accumulate", "skip_absent_from_both"):
            found = live.mean_iou_under(policy)
            if found is not None:
                pairs = zip(found.now, found.at_opening, found.at_stroke, strict=True)
                values = [value for triple in pairs for value in triple]
                lines[0] = Line(*_SEMANTIC[0][::2], *values)
        return Board("semantic", policy, tuple(lines), score.num_images)

    def _start(self, mode: MetricMode) -> None:
        if mode == "panoptic" and self._panoptic is None:
            from segstudio.session.scores.live_panoptic import PanopticScores

            self._panoptic = PanopticScores(self._session)
            self._panoptic.changed.connect(self._on_news)
        if mode == "instance" and self._instances is None:
            from segstudio.session.scores.live_instances import InstanceScores

            self._instances = InstanceScores(self._session)
            self._instances.changed.connect(self._on_news)
        for name, scores in (("panoptic", self._panoptic), ("instance", self._instances)):
            if scores is not None:
                scores.start() if name == mode else scores.stop()

    def _on_view(self, names: frozenset[str]) -> None:
        if "metric_mode" in names:
            self._start(self._session.view.now.metric_mode)
        if names & {"metric_mode", "policy"}:
            self.changed.emit(None)

    def _on_mark(self, _: object) -> None:
        for scores in (self._panoptic, self._instances):
            if scores is not None:
                scores.mark()

    def _on_news(self, _: object) -> None:
        self.changed.emit(None)


def _of(score: Score, name: str) -> float:
    return float(getattr(score, name))


def _before(now: Score, change: Score, name: str) -> float:
    return _of(now, name) - _of(change, name)


def _panoptic(scores: PanopticScores) -> Board:
    live = scores.live
    moments = (live.image, live.at_opening, live.at_mark)
    wholes = tuple(live.with_image(counts) for counts in moments)
    measures = (
        ("PQ", "panoptic quality: mean over classes of SQ · RQ", PanopticCounts.pq),
        ("SQ", "segmentation quality: mean IoU of the segments that were found", PanopticCounts.sq),
        ("RQ", "recognition quality: F1 of finding segments, at an IoU above one half", PanopticCounts.rq),
    )
    lines = tuple(
        Line(title, tip, *(mean_of_defined(measure(counts)) for counts in (*moments, *wholes)))
        for title, tip, measure in measures
    )
    return Board("panoptic", COCO, lines, live.num_images)


def _instances(scores: InstanceScores) -> Board:
    live, key = scores.live, scores.key
    states = (live.parts(key), scores.at_opening, scores.at_mark)
    lines = []
    for title, tip, iou in (
        ("AP", "average precision over IoU 0.50 … 0.95 and classes", None),
        ("AP50", "average precision at an IoU of 0.5", 0.5),
        ("AP75", "average precision at an IoU of 0.75", 0.75),
    ):
        of_image = [live.image_ap(parts, iou=iou) for parts in states]
        of_all = [live.ap(iou=iou), *(live.ap_with(key, parts, iou=iou) for parts in states[1:])]
        lines.append(Line(title, tip, *of_image, *of_all))
    has_any = any(part.det_class.size for part in states[0].values())
    return Board("instance", COCO, tuple(lines), live.num_images, "" if has_any else _NO_OBJECTS)
