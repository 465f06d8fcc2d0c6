"""The segmenter in hand, and what it is asked: the image on screen first, the latest question wins, nothing waits here.

Embeddings are made when the tool is taken up, of this image, then of the next, then of the one before. Answers come on
the home thread with the best mask in the image's size; one to an older question is dropped.

Of a picture that is much larger than what the network sees, the part in view is embedded too once the view rests: small
things get the resolution that they need. A prompt is answered on the part where that is ready and holds what is pointed
at, else on the whole, and again on the part when it is; what the part cuts off is answered on the whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.core.errors import UserError
from segstudio.core.event import Event
from segstudio.core.geometry import EMPTY, Rect
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.host import Host, PromptJob
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
from segstudio.session.assist.prompt_choice import Choice, first_choice, segmenter_choices, side_in_parts, title_of
from segstudio.session.assist.prompt_frames import Part, PromptFrames, part_in_view
from segstudio.session.assist.proposals import Answer, proposals_of
from segstudio.workflows.encoding import EMBEDDINGS

if TYPE_CHECKING:
    from segstudio.core.layer import Layer
    from segstudio.render.pyramid import Pyramid
    from segstudio.session.document import Document
    from segstudio.session.session import Session


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """What was asked last, and on which part; `settled` where another part would not do."""

    prompt: Prompt
    done: Callable[[Answer], None]
    part: Part
    settled: bool = False


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
        self.frames = PromptFrames()
        self._seen = EMPTY
        self._side: int | None = None
        self._ready: set[str] = set()
        self._part_encoding: PromptJob | None = None
        self._question: _Question | None = None
        self._answered_on = ""
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
    def title(self) -> str:
        """How people call the segmenter in hand; "" where there is none."""
        return title_of(self.model) if self.model else ""

    @property
    def host(self) -> Host:
        """Where segmenters run; made at the first use."""
        if self._host is None:
            self._host = self._make_host()
        return self._host

    def choices(self) -> list[Choice]:
        """Every known segmenter, those that work first; imports no network code."""
        return segmenter_choices()

    def choose(self, model: str, *, weights: Path | None = None) -> None:
        """Take a segmenter in hand; `weights` is a folder of a library or of a pair, None what lies on this machine."""
        self.drop()
        self.model, self.weights = model, weights
        self._prepared = None
        self._ready.clear()
        self._stop_encoding()
        self._tell("", problem=False)

    def choose_any(self) -> bool:
        """Where none is in hand take the one used last, else the best that works; whether one is now."""
        if not self.model:
            model, weights = first_choice()
            if model:
                self.choose(model, weights=weights)
        return bool(self.model)

    def prepare(self) -> None:
        """Have the open image embedded, then its neighbours; does nothing where that was asked for already."""
        document = self._session.document
        if document is None or not self.model or self._prepared == (document.key, self.spec):
            return
        self._prepared = document.key, self.spec
        self._side = side_in_parts(self.model)
        self._with_frame(document, self._encode)

    def look_at(self, seen: Rect) -> None:
        """Tell which pixels of the open image are in view: where the whole is too coarse for them, the part is
        embedded too.
        """
        if seen != self._seen:
            self._seen = seen
            self._encode_part()

    @property
    def finer(self) -> float:
        """How many times finer than the whole image the part in view is embedded; 1 where it is not, or not yet."""
        part = self._ready_part()
        return 1.0 if part is None else max(part.size_hw) / max(part.rect.width, part.rect.height)

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
                part = self._ready_part()
                if part is None or prompt.text.strip() or not part.holds(prompt):
                    part = self.frames.whole(frame)
                self._put(_Question(prompt, done, part))

        self._with_frame(document, send)

    def drop(self) -> None:
        """Forget what was asked: no answer comes."""
        self._revision += 1
        self._question = None
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
                then(self._known(document.pyramid) or self.frames.remember(document.pyramid, frame))

        self._session.jobs.submit(work, done=done, failed=self._session.notify.fault, lane="compute")

    def frame_of(self, pyramid: Pyramid, truth: Layer | None) -> Frame:
        """A frame to send; with its truth for the oracle. Takes a while: call it in a worker."""
        return self.frames.make(pyramid, truth if self.model == ORACLE else None)

    def _known(self, pyramid: Pyramid) -> Frame | None:
        return self.frames.known(pyramid, with_truth=self.model == ORACLE)

    def _ready_part(self) -> Part | None:
        """The part in view, where it is embedded."""
        document = self._session.document
        whole = self._known(document.pyramid) if document is not None else None
        rect = part_in_view(self._seen, document.size_hw, self._side) if document is not None else None
        part = self.frames.part(whole, rect) if whole is not None and rect is not None else None
        return part if part is not None and part.frame.id in self._ready else None

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
            self._encode_part()
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
                    frame = self._known(pyramid) or self.frames.remember(pyramid, self.frame_of(pyramid, None))
                    self.host.submit(Encode(spec, frame), priority=priority)

            session.jobs.submit(work, done=done, failed=lambda _: None, key=f"embed{by:+d}")

    def _encode_part(self) -> None:
        """Have the part in view embedded, once the whole is."""
        document = self._session.document
        whole = self._known(document.pyramid) if document is not None else None
        if document is None or whole is None or self.state != "ready":
            return
        rect = part_in_view(self._seen, document.size_hw, self._side)
        if rect is None:
            return
        known = self.frames.part(whole, rect)
        if known is not None:
            self._submit_part(known)
            return

        def work(_: Any) -> Part:
            return self.frames.cut(whole, rect)

        def done(part: Part) -> None:
            kept = self.frames.keep(whole, part)
            if self._session.document is document and rect == part_in_view(self._seen, document.size_hw, self._side):
                self._submit_part(kept)

        self._session.jobs.submit(work, done=done, failed=lambda _: None, lane="compute", key="part in view")

    def _submit_part(self, part: Part) -> None:
        encoding, spec = self._part_encoding, self.spec
        if part.frame.id in self._ready:
            self._ask_finer()
            return
        if encoding is not None and not encoding.ended:
            if encoding.task.frame.id == part.frame.id:
                return
            self.host.cancel(encoding)

        def on_reply(reply: Reply) -> None:
            if isinstance(reply, Result):
                self._session.jobs.home(lambda: self._part_encoded(part, spec))

        self._part_encoding = self.host.submit(Encode(spec, part.frame), priority=CURRENT, on_reply=on_reply)

    def _part_encoded(self, part: Part, spec: SegmenterSpec) -> None:
        if spec == self.spec:
            self._ready.add(part.frame.id)
            self.changed.emit(None)
            self._ask_finer()

    def _ask_finer(self) -> None:
        """What was answered on the whole is asked again on the part."""
        question, part = self._question, self._ready_part()
        if question is None or part is None or question.settled or not question.part.is_whole:
            return
        if question.prompt.text.strip() or not part.holds(question.prompt):
            return
        self._put(replace(question, part=part))

    def _stop_encoding(self) -> None:
        encodings = self._encoding, self._part_encoding
        self._encoding = self._part_encoding = None
        for encoding in encodings:
            if encoding is not None and not encoding.ended and self._host is not None:
                self._host.cancel(encoding)

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _put(self, question: _Question) -> None:
        """Ask the host; what was asked on another part before is over."""
        asking = self._asking
        if asking is not None and not asking.ended:
            self.host.cancel(asking)
        self._question = question
        revision, part = self._revision, question.part
        prompt = question.prompt
        if part.frame.id != self._answered_on:  # logits of another part mean nothing on this one
            prompt = replace(prompt, previous_hw=None)

        def on_reply(reply: Reply) -> None:
            """On a thread of the host: the best mask is made as large as the image here."""
            if isinstance(reply, Result):
                answer = Answer(question.prompt, proposals_of(reply.value, part))
                self._session.jobs.home(lambda: self._answered(revision, question, answer))
            else:
                self._session.jobs.home(lambda: self._heard(reply, revision))

        self._asking = self.host.submit(
            Ask(self.spec, part.frame, prompt.within(part.rect)), priority=ASK, on_reply=on_reply
        )

    # ── news ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _answered(self, revision: int, question: _Question, answer: Answer) -> None:
        if revision != self._revision or question is not self._question:
            return
        if self.state != "ready":
            self._tell("ready", problem=False)
        document = self._session.document
        whole = self._known(document.pyramid) if document is not None else None
        cut = bool(answer.proposals) and question.part.cuts(answer.proposals[0].rect)
        if cut and whole is not None:
            self._put(replace(question, part=self.frames.whole(whole), settled=True))
            return
        self._answered_on = question.part.frame.id
        question.done(answer)

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
        self._seen = EMPTY
        if self._prepared is not None:
            self._prepared = None
            self._tell("", problem=False)

    def _prompt_host(self) -> Host:
        from segstudio.models.interactive.host import PromptHost
        from segstudio.settings import load_settings

        disk_bytes = load_settings().embedding_megabytes << 20
        return PromptHost(cache_folder=self._session.data_dir / EMBEDDINGS, disk_bytes=disk_bytes)
