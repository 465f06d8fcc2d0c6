"""One object in two images of a sequence, and its shape in every image between them: one edit in each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import SegObject
from segstudio.session.document import Document
from segstudio.session.jobs import Job
from segstudio.session.opening import Opened
from segstudio.session.session import Session

FARTHEST = 60
"""How many images on the other key frame is looked for."""

Done = Callable[[int, str], None]


def interpolate(session: Session, object_id: int, done: Done) -> Job:
    """Find the object in one of the next images and put its shape into those between.

    It is the object of the same class there that has the same id, else the one that lies nearest. `done` gets the
    number of images that were filled and the key of the other key frame. Raises `UserError` where nothing can begin.
    """
    document, start = session.document, session.index
    item = document.labels.objects.get(object_id) if document is not None else None
    if document is None or start is None or item is None:
        raise UserError("no object is selected", hint="select one with the select tool (V)")
    if session.read_only:
        raise UserError("what is open is read-only, so that nothing can be kept in other images")
    readers = [session.reader(index) for index in range(start + 1, min(start + 1 + FARTHEST, len(session.images)))]
    if not readers:
        raise UserError("there is no next image")
    size_hw = document.size_hw
    between: list[Opened] = []

    def work(job: Job) -> tuple[SegObject, list[Opened]]:
        between.clear()
        for number, read in enumerate(readers):
            job.progress(number, len(readers))
            opened = read()
            if opened.labels.size_hw != size_hw:
                raise UserError("shapes can be interpolated only between images of the same size")
            found = same_object(item, opened)
            between.append(opened)
            if found is not None:
                return found, list(between)
        raise UserError(
            f"none of the next {len(readers)} images has the object", hint="draw it there too, then ask again"
        )

    def finish(result: tuple[SegObject, list[Opened]]) -> None:
        other, opened = result
        filled = 0
        for place, load in enumerate(opened[:-1], start=1):
            filled += _put(session, load, item, other, place / len(opened), document.key)
        done(filled, opened[-1].item.key)

    return session.jobs.submit(
        work, done=finish, failed=session.notify.fault, lane="compute", title="looking for the other key frame"
    )


def same_object(item: SegObject, opened: Opened) -> SegObject | None:
    """What `item` is in another image: by id where the class agrees, else the nearest of its class; None: not there."""
    alike = [other for other in opened.labels.objects if other.class_id == item.class_id]
    by_id = next((other for other in alike if other.id == item.id), None)
    if by_id is not None or not alike:
        return by_id
    x, y = _middle(item.bounds())

    def distance(other: SegObject) -> float:
        at_x, at_y = _middle(other.bounds())
        return (at_x - x) ** 2 + (at_y - y) ** 2

    return min(alike, key=distance)


def _put(session: Session, load: Opened, first: SegObject, second: SegObject, share: float, source: str) -> bool:
    from segstudio.ops.interpolate import between

    target = _target(session, load)
    shape = between(first.shape, second.shape, share, target.size_hw)
    if shape.bounds().is_empty:
        return False
    table = target.labels.objects
    attributes = {**first.attributes, "interpolated": True}
    with target.begin("interpolate", tool="interpolate", provenance={"from": source}) as stroke:
        stroke.put_object(
            replace(
                first,
                id=table.free_id() if first.id in table else first.id,
                shape=shape,
                z=table.top_z(),
                locked=False,
                score=None,
                attributes=attributes,
                extra={},
            )
        )
    return True


def _target(session: Session, load: Opened) -> Document:
    """The image as it is now: a person may have gone there meanwhile."""
    if session.document is not None and session.document.key == load.item.key:
        return session.document
    index = session.images.index_of(load.item.key)
    if index is None or session.histories.of(load.item.key).undoable:
        return session.document_of(session.reader(index)() if index is not None else load)
    return session.document_of(load)


def _middle(box: Rect) -> tuple[float, float]:
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
