"""Labels carried on to the images that follow: as they are, or along the optical flow; one edit in each image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer, prediction_layer
from segstudio.core.objects import SegObject, Shape
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.session import Session

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.opening import Opened

_LOST = 0.5
"""Share of an object's pixels without a way back from which it counts as out of view."""
_SAME = 0.5
"""IoU with an object of its class from which an object is there already."""

Pixels = NDArray[np.uint8]


@dataclass
class Arrival:
    """What was done in one image: the ids of its new objects, and how many were there already or went out of view."""

    key: str
    added: list[int] = field(default_factory=list)
    known: int = 0
    lost: int = 0
    pixels: int = 0


@dataclass
class _Load:
    """What is on its way to one image."""

    opened: Opened
    items: list[SegObject]
    labels: Layer | None
    lost: int


Done = Callable[[list[Arrival]], None]


def copy_on(session: Session, ids: Iterable[int], done: Done) -> Job:
    """Copy objects to the next image, in front of what is there. Raises `UserError` where there is none."""
    document = _document(session)
    items = [item for key in sorted(set(ids)) if (item := document.labels.objects.get(key)) is not None]

    def arrive(target: Document, load: _Load) -> Arrival:
        from segstudio.session.edits.reshape import paste

        return Arrival(target.key, added=paste(target, load.items, name="copy from before"))

    return _Journey(session, document, items, None, 1, with_flow=False).start(arrive, done)


def propagate(session: Session, ids: Iterable[int], done: Done, *, images: int = 1, with_flow: bool = True) -> Job:
    """Carry objects to the next `images` images, where they come to lie behind everything.

    With flow they follow the picture, and those that its content leaves are left out. Objects that are there already
    (same class, half of it or more in common) are left out too. Raises `UserError` where there is no next image.
    """
    document = _document(session)
    items = [item for key in sorted(set(ids)) if (item := document.labels.objects.get(key)) is not None]

    def arrive(target: Document, load: _Load) -> Arrival:
        return _put_behind(target, load, document.key)

    return _Journey(session, document, items, None, images, with_flow=with_flow).start(arrive, done)


def propagate_labels(session: Session, done: Done, *, images: int = 1, with_flow: bool = True) -> Job:
    """Carry the label raster to the next images; only what is unlabelled there takes it."""
    document = _document(session)
    labels = Layer(prediction_layer("carried"), document.size_hw)
    labels.raster.writable(labels.raster.bounds)[...] = document.labels.raster.ids_hw
    for segment in document.labels.segments:
        labels.segments.put(segment)

    def arrive(target: Document, load: _Load) -> Arrival:
        return _fill_unlabelled(session, target, load, document.key)

    return _Journey(session, document, [], labels, images, with_flow=with_flow).start(arrive, done)


class _Journey:
    """From one image to the following ones: reads and computes in a worker, edits at home."""

    def __init__(
        self,
        session: Session,
        source: Document,
        items: Sequence[SegObject],
        labels: Layer | None,
        images: int,
        *,
        with_flow: bool,
    ) -> None:
        start = session.images.index_of(source.key)
        if start is None or start + 1 >= len(session.images):
            raise UserError("there is no next image")
        if session.read_only:
            raise UserError("what is open is read-only, so that nothing can be kept in other images")
        self._session = session
        self._picture = source.pyramid.image_hwc
        self._items, self._labels = list(items), labels
        self._indices = range(start + 1, min(start + 1 + images, len(session.images)))
        self._readers = [session.reader(index) for index in self._indices]
        self._with_flow = with_flow

    def start(self, arrive: Callable[[Document, _Load], Arrival], done: Done) -> Job:
        session = self._session
        before = {session.images[index].key: self._state(session.images[index].key) for index in self._indices}

        def finish(loads: list[_Load]) -> None:
            arrivals = []
            for load in loads:
                key = load.opened.item.key
                if session.images.index_of(key) is not None:
                    arrivals.append(arrive(self._target(load, before[key]), load))
            # Large ones are still landing.
            session.turns.then(lambda: done(arrivals))

        title = "carrying labels on" if self._with_flow else ""
        return session.jobs.submit(self._work, done=finish, failed=session.notify.fault, lane="compute", title=title)

    def _state(self, key: str) -> list[int]:
        history = self._session.histories.of(key)
        return [id(edit) for edit in (*history.undoable, *history.redoable)]

    def _target(self, load: _Load, before: list[int]) -> Document:
        """The image as it is now: a person may have been there while the worker worked."""
        session, key = self._session, load.opened.item.key
        if session.document is not None and session.document.key == key:
            return session.document
        index = session.images.index_of(key)
        if self._state(key) != before and index is not None:
            return session.document_of(session.reader(index)())
        return session.document_of(load.opened)

    def _work(self, job: Job) -> list[_Load]:
        loads = []
        for number, read in enumerate(self._readers):
            job.progress(number, len(self._readers))
            opened = read()
            lost = self._follow(opened.pyramid.image_hwc) if self._with_flow else self._fit(opened.labels.size_hw)
            loads.append(_Load(opened, list(self._items), self._labels, lost))
        return loads

    def _fit(self, size_hw: tuple[int, int]) -> int:
        from segstudio.ops.transform import onto

        self._items = [item.with_shape(onto(item.shape, size_hw)) for item in self._items]
        if self._labels is not None and self._labels.size_hw != size_hw:
            raise UserError("labels can be carried only between images of the same size")
        return 0

    def _follow(self, picture_hwc: Pixels) -> int:
        """Move everything along the flow to the next picture; how many objects went out of view."""
        from segstudio.ops.propagate import carry_labels, carry_shape, doubtful, optical_flow

        flow, back = optical_flow(self._picture, picture_hwc), optical_flow(picture_hwc, self._picture)
        doubtful_hw = doubtful(flow, back)
        moved = [item.with_shape(carry_shape(item.shape, flow, back)) for item in self._items]
        kept = [item for item in moved if _share(item.shape, doubtful_hw) < _LOST]
        lost = len(moved) - len(kept)
        self._items, self._picture = kept, picture_hwc
        if self._labels is not None:
            carried = Layer(self._labels.name, self._labels.size_hw)
            ids_hw = carry_labels(self._labels.raster.ids_hw, back)
            ids_hw[doubtful_hw] = 0
            carried.raster.writable(carried.raster.bounds)[...] = ids_hw
            carried.segments = self._labels.segments
            self._labels = carried
        return lost


def _document(session: Session) -> Document:
    if session.document is None:
        raise UserError("no image is open")
    return session.document


def _share(shape: Shape, doubtful_hw: NDArray[np.bool_]) -> float:
    """The share of a shape's pixels that are doubtful; 1 where none lies in the image."""
    from segstudio.ops.shapes import mask_of

    height, width = doubtful_hw.shape
    box = shape.bounds().grown(1).intersect(Rect.of_size(height, width))
    if box.is_empty:
        return 1.0
    mask_hw = mask_of(shape, box, (height, width))
    return float(doubtful_hw[box.slices][mask_hw].mean()) if mask_hw.any() else 1.0


def _put_behind(target: Document, load: _Load, source_key: str) -> Arrival:
    table = target.labels.objects
    arrival = Arrival(target.key, lost=load.lost)
    items = [item for item in load.items if not item.bounds().intersect(target.labels.raster.bounds).is_empty]
    new = [item for item in items if not _is_known(target, item)]
    arrival.known, arrival.lost = len(items) - len(new), load.lost + len(load.items) - len(items)
    z = min((item.z for item in table), default=0) - len(new)
    with target.begin("propagate", tool="propagate", provenance={"from": source_key}) as stroke:
        next_id = table.free_id()
        for place, item in enumerate(sorted(new, key=lambda item: (item.z, item.id))):
            stroke.put_object(replace(item, id=next_id + place, z=z + place, locked=False, score=None, extra={}))
            arrival.added.append(next_id + place)
    return arrival


def _is_known(target: Document, item: SegObject) -> bool:
    from segstudio.ops.shapes import mask_of

    box = item.bounds().grown(1).intersect(target.labels.raster.bounds)
    near = [
        other
        for other in target.labels.objects
        if other.class_id == item.class_id and not other.bounds().intersect(box).is_empty
    ]
    for other in near:
        at = box.union(other.bounds()).intersect(target.labels.raster.bounds)
        a, b = (mask_of(shape, at, target.size_hw) for shape in (item.shape, other.shape))
        if int(np.count_nonzero(a & b)) >= _SAME * max(1, int(np.count_nonzero(a | b))):
            return True
    return False


def _fill_unlabelled(session: Session, target: Document, load: _Load, source_key: str) -> Arrival:
    from segstudio.ops.paint_mode import PaintMode, PaintRule
    from segstudio.session.edits.accept import Taking
    from segstudio.session.edits.landing import land

    arrival = Arrival(target.key)
    if load.labels is None:
        return arrival
    before = target.census.unlabelled
    stroke = target.begin("propagate", tool="propagate", provenance={"from": source_key})
    taking = Taking(stroke, load.labels, PaintRule(PaintMode.UNLABELLED))

    def landed(_: Edit | None) -> None:
        arrival.pixels = before - target.census.unlabelled

    land(session, stroke, [(load.labels.raster.bounds, taking)], done=landed)
    return arrival
