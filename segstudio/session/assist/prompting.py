"""The segmenter in hand, and what it is asked: the image on screen first, the latest question wins, nothing waits here.

Embeddings are made when the tool is taken up, of this image, then of the next, then of the one before. Answers come on
the home thread with their masks in the image's size; one to an older question is dropped.
"""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.geometry import Rect
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.host import Host, PromptJob
from segstudio.models.interactive.opening import TASK, how_to_get
from segstudio.models.interactive.oracle import NAME as ORACLE
from segstudio.models.interactive.predictor import Capabilities, SegmenterSpec
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import (
    ASK,
    CURRENT,
    NEXT,
    PREVIOUS,
    Ask,
    Encode,
    Encoded,
    Failure,
    Reply,
    Result,
    Working,
)

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard
    from segstudio.models.registry import ModelRegistry, ModelStatus
    from segstudio.render.pyramid import Pyramid
    from segstudio.session.document import Document
    from segstudio.session.session import Session

FRAMES = 4
"""Pictures whose numbers are remembered."""
_NEVER_FIRST = ("oracle", "random-weights")
"""Segmenters that nobody wants unasked."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A segmenter that can be chosen: its card, whether it works here, and what to do where it does not."""

    card: ModelCard
    status: ModelStatus
    how: str


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """One candidate as it would be painted: bool `[rect.height, rect.width]` at `rect`."""

    rect: Rect
    mask_hw: NDArray[np.bool_]
    candidate: Candidate


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What came back to a prompt, best first; no proposals means that there is no such thing."""

    prompt: Prompt
    proposals: tuple[Proposal, ...]


class Prompting:
    """Asks a segmenter about the open image. `changed` is emitted whenever `state` or the choice changes.

    `state` is "" before anything was asked, then "embedding …", "ready", or why it failed (`problem` is true then).
    """

    def __init__(self, session: Session, make_host: Callable[[], Host] | None = None) -> None:
        self.changed: Event[None] = Event()
        self.model = ""
        self.weights: Path | None = None
        self.state = ""
        self.problem = False
        self.device_line = ""
        self.capabilities = Capabilities()
        self._session = session
        self._make_host = make_host if make_host is not None else self._prompt_host
        self._host: Host | None = None
        self._numbers = itertools.count(1)
        self._frames: OrderedDict[int, tuple[Pyramid, Frame]] = OrderedDict()
        self._encoding: PromptJob | None = None
        self._asking: PromptJob | None = None
        self._revision = 0
        self._prepared: tuple[str, SegmenterSpec] | None = None
        session.document_changed.connect(self._on_document)

    @property
    def spec(self) -> SegmenterSpec:
        """What the host is told to run."""
        weights = None if self.weights is None else str(self.weights)
        return SegmenterSpec(self.model, weights, self._session.predictions.device)

    @property
    def host(self) -> Host:
        """Where segmenters run; made at the first use."""
        if self._host is None:
            self._host = self._make_host()
        return self._host

    def choices(self) -> list[Choice]:
        """Every known segmenter, those that work first; imports no network code."""
        registry = _registry()
        found = [Choice(c, registry.status(c.name), how_to_get(registry, c)) for c in registry.cards(TASK)]
        return sorted(found, key=lambda choice: (choice.status.state != "works", choice.card.name in _NEVER_FIRST))

    def choose(self, model: str, *, weights: Path | None = None) -> None:
        """Take a segmenter in hand; `weights` is a folder of a library or of a pair, None what lies on this machine."""
        self.drop()
        self.model, self.weights = model, weights
        self._prepared = None
        self._tell("", problem=False)

    def choose_any(self) -> bool:
        """Take the first real segmenter that works where none is in hand; whether one is now."""
        if not self.model:
            first = next((c.card.name for c in self.choices() if c.status.state == "works"), "")
            if first and first not in _NEVER_FIRST:
                self.choose(first)
        return bool(self.model)

    def prepare(self) -> None:
        """Have the open image embedded, then its neighbours; does nothing where that was asked for already."""
        document = self._session.document
        if document is None or not self.model or self._prepared == (document.key, self.spec):
            return
        self._prepared = document.key, self.spec
        self._with_frame(document, self._encode)

    def ask(self, prompt: Prompt, done: Callable[[Answer], None]) -> None:
        """Answer a prompt about the open image, soon; what was asked before is dropped, answered or not."""
        self.drop()
        document = self._session.document
        if document is None:
            return
        if not self.choose_any():
            raise UserError("no segmenter is chosen", hint="Assist › AI segmenter: choose one, or put weights in place")
        revision = self._revision

        def send(frame: Frame) -> None:
            if revision == self._revision:
                self._asking = self.host.submit(Ask(self.spec, frame, prompt), priority=ASK, on_reply=on_reply)

        def on_reply(reply: Reply) -> None:
            """On a thread of the host: masks are made as large as the image here."""
            if isinstance(reply, Result):
                answer = Answer(prompt, tuple(_proposals(reply.value, document.size_hw)))
                self._session.jobs.home(lambda: self._answered(revision, answer, done))
            else:
                self._session.jobs.home(lambda: self._heard(reply, revision))

        self._with_frame(document, send)

    def drop(self) -> None:
        """Forget what was asked: no answer comes."""
        self._revision += 1
        asking, self._asking = self._asking, None
        if asking is not None and not asking.ended and self._host is not None:
            self._host.cancel(asking)

    def close(self) -> None:
        """End the host; returns when its process is gone."""
        self._revision += 1
        if self._host is not None:
            self._host.close()
            self._host = None

    # ── frames ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _with_frame(self, document: Document, then: Callable[[Frame], None]) -> None:
        """Go on with the frame of a document: at once where it is known, else when a worker has made it."""
        known = self._known(document.pyramid)
        if known is not None:
            then(known)
            return

        def work(_: Any) -> Frame:
            return self.frame_of(document.pyramid, document.truth)

        def done(frame: Frame) -> None:
            if self._session.document is document:
                then(self._known(document.pyramid) or self._remember(document.pyramid, frame))

        self._session.jobs.submit(work, done=done, failed=self._session.notify.fault, lane="compute")

    def frame_of(self, pyramid: Pyramid, truth: Any) -> Frame:
        """A frame to send; with its truth for the oracle. Takes a while: call it in a worker."""
        from segstudio.session.assist.prompt_results import things_of

        things_hw = things_of(truth) if self.model == ORACLE and truth is not None else None
        return Frame(f"{next(self._numbers)}", np.ascontiguousarray(pyramid.image_hwc), things_hw)

    def _known(self, pyramid: Pyramid) -> Frame | None:
        found = self._frames.get(id(pyramid))
        if found is None or (self.model == ORACLE and found[1].truth_hw is None):
            return None
        return found[1]

    def _remember(self, pyramid: Pyramid, frame: Frame) -> Frame:
        """The pyramid is held too: as long as it is, no other has its `id`."""
        self._frames[id(pyramid)] = pyramid, frame
        self._frames.move_to_end(id(pyramid))
        while len(self._frames) > FRAMES:
            self._frames.popitem(last=False)
        return frame

    # ── embedding ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _encode(self, frame: Frame) -> None:
        spec = self.spec
        self._tell("embedding …", problem=False)

        def on_reply(reply: Reply) -> None:
            self._session.jobs.home(lambda: self._encoded(reply, spec))

        self._stop_encoding()
        self._encoding = self.host.submit(Encode(spec, frame), priority=CURRENT, on_reply=on_reply)

    def _encoded(self, reply: Reply, spec: SegmenterSpec) -> None:
        if spec != self.spec or (isinstance(reply, Failure) and reply.cancelled):
            return
        if isinstance(reply, Result) and isinstance(reply.value, Encoded):
            self.capabilities, self.device_line = reply.value.capabilities, reply.value.device
            self._tell("ready", problem=False)
            if not self.capabilities.reads_truth:
                self._encode_beside(spec)
        elif isinstance(reply, Failure):
            self._prepared = None
            self._failed(reply)
        elif isinstance(reply, Working) and reply.text:
            self._tell(f"{reply.text} …", problem=False)

    def _encode_beside(self, spec: SegmenterSpec) -> None:
        """The next image, then the one before; large ones wait until they are open."""
        session, index = self._session, self._session.index
        for by, priority in ((1, NEXT), (-1, PREVIOUS)):
            if index is None or (beside := session.images.step(index, by)) == index:
                continue
            item = session.images[beside]
            if item.path is None:
                continue

            def work(_: Any, path: Path = item.path, page: int = item.page) -> Pyramid:
                session.pictures.get_ahead(path, page)
                return session.pictures.get(path, page)

            def done(pyramid: Pyramid, priority: int = priority) -> None:
                if spec == self.spec:
                    frame = self._known(pyramid) or self._remember(pyramid, self.frame_of(pyramid, None))
                    self.host.submit(Encode(spec, frame), priority=priority)

            session.jobs.submit(work, done=done, failed=lambda _: None, key=f"embed{by:+d}")

    def _stop_encoding(self) -> None:
        encoding, self._encoding = self._encoding, None
        if encoding is not None and not encoding.ended and self._host is not None:
            self._host.cancel(encoding)

    # ── news ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _answered(self, revision: int, answer: Answer, done: Callable[[Answer], None]) -> None:
        if revision == self._revision:
            if self.state != "ready":
                self._tell("ready", problem=False)
            done(answer)

    def _heard(self, reply: Reply, revision: int) -> None:
        if revision != self._revision:
            return
        if isinstance(reply, Working) and reply.text:
            self._tell(f"{reply.text} …", problem=False)
        elif isinstance(reply, Failure) and not reply.cancelled:
            self._failed(reply)

    def _failed(self, failure: Failure) -> None:
        self._tell(failure.message, problem=True)
        self._session.notify.tell("error", failure.message, hint=failure.hint)

    def _tell(self, state: str, *, problem: bool) -> None:
        self.state, self.problem = state, problem
        self.changed.emit(None)

    def _on_document(self, document: Document | None) -> None:
        self.drop()
        self._stop_encoding()
        if self._prepared is not None:
            self._prepared = None
            self._tell("", problem=False)

    def _prompt_host(self) -> Host:
        from segstudio.models.interactive.host import PromptHost

        return PromptHost(cache_folder=self._session.data_dir / "embeddings")


def _proposals(candidates: list[Candidate], size_hw: tuple[int, int]) -> list[Proposal]:
    """Those that have any pixel."""
    found = [Proposal(*candidate.pixels(size_hw), candidate) for candidate in candidates]
    return [proposal for proposal in found if not proposal.rect.is_empty]


def _registry() -> ModelRegistry:
    from segstudio.models.registry import default_registry

    return default_registry()
