"""Is it the truth that is wrong? Regions in which models contradict it together or agree with it half-heartedly."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.geometry import Rect
from segstudio.core.segments import SegmentTable
from segstudio.core.transaction import Edit
from segstudio.metrics.confusion import ConfusionMatrix
from segstudio.metrics.error_regions import ErrorRegion, error_regions
from segstudio.session.inspect.mend import mend_truth
from segstudio.session.inspect.news import look_through
from segstudio.session.inspect.truth_copy import unlock_truth
from segstudio.session.jobs import Job
from segstudio.session.scores.live import IndexRaster
from segstudio.session.scores.sides import SideReader, read_truth
from segstudio.session.session import Session

Reason = Literal["both models disagree", "a sure model disagrees", "agreed without confidence"]
SMALLEST = 64
"""Regions of fewer pixels are no matter of opinion but of borders."""
SURE, UNSURE = 0.8, 0.5
"""Mean confidence above which one model alone is heard, and below which an agreement is doubted."""
MOST_OF_IMAGE = 40


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """One region in which the truth may be wrong. `region.label_class` is what is said instead; where the models agree
    with the truth without confidence, it is the truth's own class, and the only correction is to void.

    `mask_hw` bool `[box.height, box.width]`; `confidence` is the models' mean there, 0…1, NaN where they give none.
    """

    key: str
    region: ErrorRegion
    mask_hw: NDArray[np.bool_]
    reason: Reason
    confidence: float
    layer: str

    @property
    def weight(self) -> float:
        """What comes first: many pixels, and those that the models are sure (or unsure, where they agree) about."""
        sure = 0.5 if isnan(self.confidence) else self.confidence
        if self.reason == "agreed without confidence":
            return self.region.pixels * (1 - sure) * 0.5
        return self.region.pixels * sure * (1.0 if self.reason == "both models disagree" else 0.7)


@dataclass(frozen=True, slots=True)
class Standing:
    """Mean IoU 0…1 of A and B over the images that have both (B NaN without a second model)."""

    a: float
    b: float

    @property
    def leader(self) -> str:
        """ "a", "b", or "" where they are even or there is one only."""
        if isnan(self.a) or isnan(self.b) or abs(self.a - self.b) < 1e-12:
            return ""
        return "a" if self.a > self.b else "b"


class TruthQueue:
    """Finds doubts over all images in the background, and keeps both models' scores against the truth as it is now.

    A correction goes into an unlocked copy of the truth, which the project keeps (see `truth_copy`), and can be undone.
    `before` is the standing when the queue was filled, `now` what it is; their leaders differ where the ranking flips.
    """

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self.doubts: list[Doubt] = []
        self.a = self.b = ""
        self.before: Standing | None = None
        self.num_images = 0
        self._session = session
        self._matrices: dict[str, tuple[ConfusionMatrix, ConfusionMatrix | None]] = {}
        self._dismissed: set[tuple[str, tuple[int, int], int]] = set()
        self._job: Job | None = None
        self._followed: object = None
        session.document_changed.connect(self._on_document)
        session.opened.connect(self._on_opened)
        self._on_document(session.document)

    @property
    def is_searching(self) -> bool:
        return self._job is not None and not self._job.finished

    @property
    def now(self) -> Standing | None:
        """The standing against the truth as it is now; None before anything is counted."""
        if not self._matrices:
            return None
        classes = self._session.classes.current
        totals = [ConfusionMatrix(classes.num_classes, classes.ignored_index) for _ in range(2)]
        for first, second in self._matrices.values():
            totals[0] += first
            if second is not None:
                totals[1] += second
        return Standing(totals[0].mean_iou(), totals[1].mean_iou() if self.b else float("nan"))

    @property
    def is_flipped(self) -> bool:
        """Whether the corrections changed which model is better."""
        before, now = self.before, self.now
        return bool(before and now and before.leader and now.leader and before.leader != now.leader)

    def fill(self, a: str, b: str = "") -> None:
        """Search all images that have these prediction layers; dismissed doubts do not come back."""
        self.a, self.b = a, b
        self.doubts, self._matrices, self.before, self.num_images = [], {}, None, 0
        session, classes = self._session, self._session.classes.current
        reader = SideReader.of(session, a)
        items = list(session.images)

        def work(job: Job) -> None:
            keys = reader.keys()
            if b:
                keys &= SideReader(reader.project, classes, b).keys()
            wanted = [item for item in items if item.key in keys]
            look_through(
                job,
                wanted,
                lambda item: _look(reader, item, (a, b), classes),
                lambda found, _: self._send(list(found.values()), job),
            )

        self._job = session.jobs.submit(
            work,
            done=self._on_done,
            failed=session.notify.fault,
            lane="batch",
            key="truth-queue",
            title="doubts about the truth",
        )
        self.changed.emit(None)

    def cancel(self) -> None:
        """End the search; what was found stays."""
        self._session.jobs.cancel("truth-queue")
        self._job = None
        self._on_done(None)

    def dismiss(self, doubt: Doubt) -> None:
        """The truth is right: the models are wrong here."""
        self._dismissed.add(_name(doubt))
        self._drop(doubt)

    def correct(self, doubt: Doubt, *, as_void: bool = False) -> Edit | None:
        """Give the region of the truth what the models say, or make it void; its image must be open.

        Raises `UserError` where it is not, or where nothing can be kept.
        """
        document = self._session.document
        if document is None or document.key != doubt.key:
            raise UserError("the image of this doubt is not open")
        unlock_truth(self._session)
        void = as_void or doubt.reason == "agreed without confidence"
        edit = mend_truth(document, doubt.layer, doubt.region, mask_hw=doubt.mask_hw, as_void=void)
        self._drop(doubt)
        return edit

    def _drop(self, doubt: Doubt) -> None:
        self.doubts = [other for other in self.doubts if other is not doubt]
        self.changed.emit(None)

    def _send(self, found: list[_Looked], job: Job) -> None:
        self._session.jobs.home(lambda: self._take(found, job))

    def _take(self, found: list[_Looked], job: Job) -> None:
        if job.cancel_token.cancelled:
            return
        for looked in found:
            self._matrices[looked.key] = looked.matrices
            self.doubts += [doubt for doubt in looked.doubts if _name(doubt) not in self._dismissed]
        self.num_images = len(self._matrices)
        self.doubts.sort(key=lambda doubt: -doubt.weight)
        self.changed.emit(None)

    def _on_done(self, _: None) -> None:
        self._job = None
        if self.before is None:
            self.before = self.now
        self.changed.emit(None)

    def _on_document(self, document: object) -> None:
        if self._followed is not None:
            self._followed.truth_changed.disconnect(self._on_truth)  # type: ignore[attr-defined]
        self._followed = document
        if document is not None:
            document.truth_changed.connect(self._on_truth)  # type: ignore[attr-defined]

    def _on_truth(self, _: object) -> None:
        """Score both models against the truth as it is now; the difference is the open image's alone."""
        document, classes = self._session.document, self._session.classes.current
        if document is None or document.truth_index_hw is None or document.key not in self._matrices:
            return
        if self.a not in document.layer_names or (self.b and self.b not in document.layer_names):
            return
        scored = [_matrix(document.truth_index_hw, document.layer(n).index_map(classes), classes) for n in self._pair]
        self._matrices[document.key] = scored[0], scored[1] if len(scored) > 1 else None
        self.changed.emit(None)

    @property
    def _pair(self) -> list[str]:
        return [self.a, self.b] if self.b else [self.a]

    def _on_opened(self, _: object) -> None:
        self.cancel()
        self.doubts, self._matrices, self.before = [], {}, None
        self._dismissed.clear()
        self.changed.emit(None)


@dataclass(frozen=True, slots=True, eq=False)
class _Looked:
    key: str
    matrices: tuple[ConfusionMatrix, ConfusionMatrix | None]
    doubts: list[Doubt]


def _name(doubt: Doubt) -> tuple[str, tuple[int, int], int]:
    return doubt.key, doubt.region.anchor_xy, doubt.region.truth_class


def _matrix(truth_hw: IndexRaster, said_hw: IndexRaster, classes: ClassSet) -> ConfusionMatrix:
    matrix = ConfusionMatrix(classes.num_classes, classes.ignored_index)
    matrix.add(truth_hw, said_hw)
    return matrix


def _look(reader: SideReader, item: ImageItem, pair: tuple[str, str], classes: ClassSet) -> _Looked | None:
    """Both models against the truth of one image; None where anything is missing or does not fit."""
    from segstudio.session.opening import with_raster

    project = reader.project
    if project is None:
        return None
    truth = read_truth(item, project)
    layers = [project.load(item.key, name) for name in pair if name]
    if truth is None or any(layer is None for layer in layers):
        return None
    whole = [with_raster(one, classes) for one in (truth, *(layer for layer in layers if layer is not None))]
    rasters = [
        SegmentTable(one.segments).index_lut(classes)[one.labels_hw] for one in whole if one.labels_hw is not None
    ]
    if len(rasters) < len(whole) or len({raster.shape for raster in rasters}) != 1:
        return None
    confidences = [one.confidence_hw for one in whole[1:] if one.confidence_hw is not None]
    mean = np.mean([c.astype(np.float32) for c in confidences], axis=0) / 255 if confidences else None
    doubts = doubts_of(item.key, rasters[0], rasters[1:], mean, classes, layer=pair[0])
    matrices = [_matrix(rasters[0], said, classes) for said in rasters[1:]]
    return _Looked(item.key, (matrices[0], matrices[1] if len(matrices) > 1 else None), doubts)


def doubts_of(
    key: str,
    truth_hw: IndexRaster,
    said: list[IndexRaster],
    confidence_hw: NDArray[np.float32] | None,
    classes: ClassSet,
    *,
    layer: str,
) -> list[Doubt]:
    """The doubts of one image: evaluation indices `[H, W]` of the truth and of one or two models, their mean confidence
    0…1 where there is one. With two models only what both say counts against the truth; one alone must be sure.
    """
    number = classes.num_classes
    common = said[0].copy()
    if len(said) > 1:
        common[said[0] != said[1]] = classes.ignored_index
    matrix = _matrix(truth_hw, said[0], classes)
    against: list[Doubt] = []
    reason: Reason = "both models disagree" if len(said) > 1 else "a sure model disagrees"
    for region in error_regions(truth_hw, common, matrix, min_pixels=SMALLEST):
        if region.label_class is None:
            continue
        mask_hw = _component((truth_hw == region.truth_class) & (common == region.label_class), region)
        sure = _mean(confidence_hw, region.box, mask_hw)
        if len(said) > 1 or isnan(sure) or sure >= SURE:
            against.append(Doubt(key, region, mask_hw, reason, sure, layer))
    if confidence_hw is not None:
        agreed = (truth_hw == common) & (truth_hw < number) & (confidence_hw < UNSURE)
        against += _unsure(key, truth_hw, agreed, confidence_hw, layer)
    return sorted(against, key=lambda doubt: -doubt.weight)[:MOST_OF_IMAGE]


def _unsure(
    key: str, truth_hw: IndexRaster, agreed: NDArray[np.bool_], confidence_hw: NDArray[np.float32], layer: str
) -> list[Doubt]:
    doubts = []
    for class_index in np.unique(truth_hw[agreed]).tolist():
        mask = agreed & (truth_hw == class_index)
        _, parts, statistics, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
        large = np.flatnonzero(statistics[:, cv2.CC_STAT_AREA] >= SMALLEST)
        for part in large[large > 0].tolist():
            left, top, width, height, pixels = statistics[part].tolist()
            box = Rect(left, top, left + width, top + height)
            mask_hw = parts[box.slices] == part
            anchor = left + int(np.argmax(mask_hw[0])), top
            nan = float("nan")
            region = ErrorRegion(
                truth_class=class_index,
                label_class=class_index,
                pixels=pixels,
                box=box,
                anchor_xy=anchor,
                delta_iou_truth=nan,
                delta_iou_label=nan,
                delta_miou=nan,
            )
            sure = _mean(confidence_hw, box, mask_hw)
            doubts.append(Doubt(key, region, mask_hw, "agreed without confidence", sure, layer))
    return doubts


def _component(wrong: NDArray[np.bool_], region: ErrorRegion) -> NDArray[np.bool_]:
    part = np.ascontiguousarray(wrong[region.box.slices])
    _, parts = cv2.connectedComponents(part.view(np.uint8), connectivity=8)
    x, y = region.anchor_xy[0] - region.box.x0, region.anchor_xy[1] - region.box.y0
    return np.asarray(parts == parts[y, x], bool)


def _mean(confidence_hw: NDArray[np.float32] | None, box: Rect, mask_hw: NDArray[np.bool_]) -> float:
    return float("nan") if confidence_hw is None else float(confidence_hw[box.slices][mask_hw].mean())
