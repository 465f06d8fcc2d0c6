"""An export image by image: in this process or in several, and remembered, so that an interrupted one can go on."""

from __future__ import annotations

import logging
import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, SegStudioError, UserError
from segstudio.core.layer import Annotation
from segstudio.core.progress import CancelToken
from segstudio.formats.report import DROPPED, Loss, told_by_source

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from segstudio.formats.writing import Desk, Written

log = logging.getLogger(__name__)

Body = Callable[["Desk", ImageItem, Annotation | None], tuple[Any, "Written | None"]]
"""Writes the files of one image and returns (what the target says about it, as JSON can hold it; what it must hold).

A function of a module or a `partial` of one, since other processes must find it. A `UserError` skips the image.
"""

NO_LABELS = "has no labels"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one image; `skipped` is the reason why it is not in the target, "" where it is."""

    data: Any = None
    written: Written | None = None
    losses: tuple[Loss, ...] = ()
    skipped: str = ""

    def to_json(self) -> dict[str, Any]:
        written = None if self.written is None else self.written.to_json()
        losses = [[loss.kind, loss.count, loss.pixels, loss.class_pixels] for loss in self.losses]
        return {"data": self.data, "written": written, "losses": losses, "skipped": self.skipped}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Outcome:
        """Raises `ValueError`, `TypeError` or `LookupError` for what `to_json` did not make."""
        from segstudio.formats.writing import Written

        losses = tuple(Loss(k, c, p, class_pixels=_int_keys(areas)) for k, c, p, areas in document["losses"])
        written = None if document["written"] is None else Written.from_json(document["written"])
        return cls(document["data"], written, losses, str(document["skipped"]))


def _int_keys(areas: Mapping[str, Sequence[int]]) -> dict[int, tuple[int, int]]:
    return {int(class_id): (int(both), int(either)) for class_id, (both, either) in areas.items()}


class Journal:
    """The outcomes of a conversion under way, one line each in a file; `header` says what is converted and how.

    Lines of another conversion are thrown away; a line that was cut off too, with all after it.
    """

    def __init__(self, path: Path, header: str) -> None:
        self._known: dict[str, Outcome] = {}
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        valid = 0
        if lines and lines[0] == header.encode():
            valid = len(lines[0]) + 1
            for line in lines[1:-1]:
                try:
                    document = orjson.loads(line)
                    self._known[document["key"]] = Outcome.from_json(document)
                except (ValueError, TypeError, LookupError):
                    break
                valid += len(line) + 1
        self.is_new = not valid
        self._file = path.open("r+b" if valid else "wb")
        self._file.truncate(valid)
        self._file.seek(valid)
        if not valid:
            self._file.write(header.encode() + b"\n")
            self._file.flush()

    def known(self, key: str) -> Outcome | None:
        """The outcome of that image in an earlier run."""
        return self._known.get(key)

    def add(self, key: str, outcome: Outcome) -> None:
        self._file.write(orjson.dumps({"key": key, **outcome.to_json()}, option=orjson.OPT_NON_STR_KEYS) + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def outcomes(
    desk: Desk,
    body: Body,
    items: Iterable[ImageItem],
    *,
    labelled: bool,
    cancel: CancelToken,
    workers: int = 1,
    journal: Journal | None = None,
) -> Iterator[tuple[ImageItem, Outcome]]:
    """The outcome of `body` for every image, in their order; known ones of the journal are not made again.

    With `labelled`, images without an annotation are skipped. Several `workers` are processes; a process that dies is
    an `EnvironmentFault`. Whatever `body` raises, apart from faults of the machine, skips that image only.
    """
    work = partial(_outcome, desk, body, labelled=labelled)
    made = _in_turn(work, items, cancel, journal) if workers < 2 else _at_once(work, items, cancel, journal, workers)
    for item, outcome, is_new in made:
        if journal is not None and is_new:
            journal.add(item.key, outcome)
        yield item, outcome


_Made = Iterator[tuple[ImageItem, Outcome, bool]]


def _in_turn(
    work: Callable[[ImageItem], Outcome], items: Iterable[ImageItem], cancel: CancelToken, journal: Journal | None
) -> _Made:
    for item in items:
        cancel.raise_if_cancelled()
        known = journal.known(item.key) if journal else None
        yield item, known or work(item), known is None


def _at_once(
    work: Callable[[ImageItem], Outcome],
    items: Iterable[ImageItem],
    cancel: CancelToken,
    journal: Journal | None,
    workers: int,
) -> _Made:
    from concurrent.futures.process import BrokenProcessPool  # processes only for those who ask for several

    ahead: deque[tuple[ImageItem, Future[Outcome] | Outcome]] = deque()

    def first() -> tuple[ImageItem, Outcome, bool]:
        item, waiting = ahead.popleft()
        return (item, waiting, False) if isinstance(waiting, Outcome) else (item, waiting.result(), True)

    with pool_of(workers) as pool:
        try:
            for item in items:
                cancel.raise_if_cancelled()
                known = journal.known(item.key) if journal else None
                ahead.append((item, known or pool.submit(work, _sendable(item))))
                if len(ahead) > 3 * workers:
                    yield first()
            while ahead:
                cancel.raise_if_cancelled()
                yield first()
        except BrokenProcessPool:
            raise EnvironmentFault(
                "a worker process ended by itself", hint="fewer --workers need less memory"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def pool_of(workers: int) -> ProcessPoolExecutor:
    """Fresh processes, not copies of this one with its threads; Ctrl-C is for this one to answer."""
    import multiprocessing
    import signal
    from concurrent.futures import ProcessPoolExecutor

    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, signal.signal, (signal.SIGINT, signal.SIG_IGN))


def _sendable(item: ImageItem) -> ImageItem:
    """The image as another process can have it: with its annotation where that is not in files of its own."""
    try:
        pickle.dumps(item)
    except (pickle.PicklingError, TypeError, AttributeError):
        assert item.read_annotation is not None
        try:
            annotation = item.read_annotation()
        except UserError as error:
            return replace(item, read_annotation=partial(_refused, str(error)))
        return replace(item, read_annotation=partial(_given, annotation))
    return item


def _given(annotation: Annotation) -> Annotation:
    return annotation


def _refused(reason: str) -> Annotation:
    raise UserError(reason)


def _outcome(desk: Desk, body: Body, item: ImageItem, *, labelled: bool) -> Outcome:
    desk = desk.fresh()
    try:
        annotation = item.read_annotation() if item.read_annotation else None
        if annotation is None and labelled:
            return Outcome(skipped=NO_LABELS)
        if annotation is not None:
            annotation, dropped = without_dropped(annotation)
            desk.lose(*dropped, *desk.losses_of(annotation))
        data, written = body(desk, item, annotation)
    except UserError as error:
        return Outcome(skipped=str(error))
    except (OSError, MemoryError, SegStudioError):
        raise
    except Exception as error:  # one image that nobody thought of must not cost all others
        log.debug("%s could not be written", item.key, exc_info=True)
        return Outcome(skipped=f"could not be written: {type(error).__name__}: {str(error).splitlines()[:1]}")
    return Outcome(data, written, tuple(loss for loss in desk.lost if loss.count or loss.class_pixels))


def without_dropped(annotation: Annotation) -> tuple[Annotation, list[Loss]]:
    """The annotation as it is to be written, and what reading it has found out."""
    told = told_by_source(annotation)
    if DROPPED not in annotation.extra:
        return annotation, told
    return replace(annotation, extra={k: v for k, v in annotation.extra.items() if k != DROPPED}), told
