"""AI points: clicks, a box or a rough outline ask a segmenter; its answer is a preview until it is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.core.objects import MaskShape, SegObject
from segstudio.models.interactive.prompt import Prompt
from segstudio.ops.lasso import rectangle
from segstudio.ops.rle import mask_shape
from segstudio.session.assist.prompt_results import mask_of_object, prompt_of, put_prompted_shape
from segstudio.session.assist.proposals import Answer, Proposal
from segstudio.ui.canvas.overlay import bounds_of, draw_line
from segstudio.ui.canvas.tools.area import Purpose, apply_mask
from segstudio.ui.canvas.tools.asking import work_out
from segstudio.ui.canvas.tools.painting import active_class
from segstudio.ui.canvas.tools.paths import draw_mask, screen_corners, shape_path
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

_STILL = 4.0
"""Logical pixels below which a drag was a click."""
_NEAR = 12.0
"""Logical pixels round the selected object's box in which a prompt goes on with it."""
_DWELL_MS = 180
"""How long the pointer rests before it is asked what a click would give."""
_RADIUS = 5.0
_IN, _OUT = QColor(60, 200, 100), QColor(240, 80, 80)
_ENDS = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_HOVER_ALPHA, _ALPHA = 70, 120
_LABEL = QRectF(14, 12, 190, 20)
"""Where the state of the segmenter is written, from the pointer on."""
_MARGIN = 12.0
_GESTURES = (
    "click: belongs · right-click or Shift: does not · drag: box · Alt-drag: outline · Tab: another candidate · "
    "Enter takes it · Esc drops"
)


class PromptTool(Tool):
    """Points say what belongs and what does not; every one asks again, and the latest answer is shown.

    Taken over an object that was made so, it goes on with the prompts that the object remembers.
    """

    id = "ai"
    title = "&AI points"
    icon = "ai"
    key = "Q"

    def __init__(self, context: ToolContext) -> None:
        super().__init__(context)
        self._looked = False
        self._prompt = Prompt()
        self._before: list[Prompt] = []
        self._answer: Answer | None = None
        self._chosen = self._wanted = 0
        self._target: int | None = None
        self._start: Pointer | None = None
        self._drawn: list[tuple[float, float]] = []
        self._at: Pointer | None = None
        self._previews = False
        self._dwell = QTimer()
        self._dwell.setSingleShot(True)
        self._dwell.setInterval(_DWELL_MS)
        self._dwell.timeout.connect(self._preview)

    @property
    def hint(self) -> str:
        """Which segmenter answers, and the gestures."""
        self._look_for_segmenter()
        title = self.context.session.prompting.title
        return f"{title}: {_GESTURES}" if title else "no segmenter is here yet: Shift+Q tells how to get one"

    @property
    def proposal(self) -> Proposal | None:
        """The candidate that is shown and would be taken."""
        if self._answer is None or not self._answer.proposals:
            return None
        return self._answer.proposals[self._chosen % len(self._answer.proposals)]

    # ── the pointer ──────────────────────────────────────────────────────────────────────────────────────────────────

    def hover(self, at: Pointer | None) -> None:
        self._at = at
        if at is None:
            self._dwell.stop()
            return
        self._look_for_segmenter()
        self.context.session.prompting.prepare()
        if self._prompt.is_empty:
            self._forget_preview()
            self._dwell.start()

    def _look_for_segmenter(self) -> None:
        """Take one in hand, once: to look which ones work reads folders."""
        if not self._looked:
            self._looked = True
            self.context.session.prompting.choose_any()

    def press(self, at: Pointer) -> None:
        if self.context.document is None:
            return
        self._dwell.stop()
        self._start, self._drawn, self._at = at, [at.xy], at

    def move(self, points: Sequence[Pointer]) -> None:
        self._at = points[-1]
        if self._start is not None:
            self._drawn += [at.xy for at in points]

    def release(self, at: Pointer) -> None:
        start, self._start = self._start, None
        drawn, self._drawn = [*self._drawn, at.xy], []
        if start is None:
            return
        if not self._is_drag(drawn):
            self._add_point(start, positive=not start.shift)
        elif start.alt:
            self._change(replace(self._begun(start), lasso_xy=self._on_image(drawn), box_xyxy=None))
        else:
            (x0, y0), (x1, y1) = self._on_image([start.xy, at.xy]).tolist()
            box = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
            self._change(replace(self._begun(start), box_xyxy=box, lasso_xy=None))

    def secondary(self, at: Pointer) -> bool:
        if self.context.document is not None and not self._prompt.is_empty:
            self._add_point(at, positive=False)
        return True

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        if key in _ENDS and not self._prompt.is_empty:
            self.accept()
            return True
        if key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and self.proposal is not None:
            self._step(1 if key == Qt.Key.Key_Tab else -1)
            return True
        return False

    def _step(self, by: int) -> None:
        """Show another candidate, once its pixels are there; one that has none is left out."""
        answer = self._answer
        if answer is None:
            return
        self._wanted = wanted = (self._wanted + by) % len(answer.proposals)
        proposal = answer.proposals[wanted]

        def show(_: object) -> None:
            if self._answer is not answer or self._wanted != wanted:
                return
            if proposal.rect.is_empty:
                self._answer = answer.without(proposal)
                self._wanted = self._chosen
                self._step(by)
                return
            self._chosen = wanted
            self.context.refresh()

        work_out(self.context.session, proposal.enlarge, show, weight=proposal.weight)

    # ── what can be done with it ─────────────────────────────────────────────────────────────────────────────────────

    def ask_words(self, text: str) -> None:
        """Ask for what a text names; together with the points that are there."""
        self._change(replace(self._prompt, text=text))

    def accept(self) -> None:
        """Take what is shown: an object, or pixels of the active class; nothing shown takes nothing."""
        found, prompt, target = self.proposal, self._prompt, self._target
        document, session = self.context.document, self.context.session
        if document is None or found is None:
            self.context.tell("there is nothing to take yet", hint="click a thing, or wait for the answer")
            return
        if self.context.view.mode == "semantic":
            self.cancel()
            apply_mask(self.context, found.rect, found.mask_hw, Purpose(), name="AI points", tool=self.id)
            return
        chosen = active_class(session) if target is None else 0
        if chosen is None:
            return
        self.cancel()
        model = session.prompting.model
        (rect, mask_hw), size_hw = found.enlarge(), document.size_hw

        def put(shape: MaskShape) -> None:
            if self.context.document is not document:
                return
            session.live.mark()
            made = put_prompted_shape(document, shape, prompt, model=model, class_id=chosen, target=target)
            session.view.set(selection=frozenset({made}))

        def shape_of() -> MaskShape:
            return mask_shape(mask_hw, size_hw=size_hw, at=rect)

        # As in `apply_mask`: a pixel that is only written as run lengths weighs less than one that is reshaped.
        work_out(session, shape_of, put, weight=rect.area // 4, title="AI points")

    def cancel(self) -> bool:
        had = not self._prompt.is_empty or self._start is not None
        self._dwell.stop()
        self.context.session.prompting.drop()
        self._prompt, self._before = Prompt(), []
        self._answer, self._target = None, None
        self._chosen = self._wanted = 0
        self._start, self._drawn, self._previews = None, [], False
        return had

    def undo(self) -> bool:
        """Take the last point, box or outline back."""
        if self._prompt.is_empty:
            return False
        before = self._before.pop() if self._before else Prompt()
        if before.is_empty:
            return self.cancel()
        self._prompt = before
        self._ask()
        return True

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _add_point(self, at: Pointer, *, positive: bool) -> None:
        x, y = self.context.on_image(at.xy)
        self._change(self._begun(at).with_point(x, y, positive=positive))

    def _begun(self, at: Pointer) -> Prompt:
        """What is asked already; at the beginning, on the selected object, the prompts that it remembers."""
        if not self._prompt.is_empty or self.context.view.mode != "objects":
            return self._prompt
        item = self._selected(at)
        kept = prompt_of(item) if item is not None else None
        if item is None or kept is None or self.context.document is None:
            return self._prompt
        self._target = item.id
        return replace(kept, prior_hw=mask_of_object(item, self.context.document.size_hw))

    def _selected(self, at: Pointer) -> SegObject | None:
        """The one selected object that may be changed, where the prompt begins on it or close by."""
        document, selection = self.context.document, self.context.view.selection
        if document is None or len(selection) != 1:
            return None
        item = document.labels.objects.get(next(iter(selection)))
        near = round(_NEAR * self.context.image_px)
        return None if item is None or item.locked or not item.bounds().grown(near).holds(*at.xy) else item

    def _change(self, prompt: Prompt) -> None:
        if self._previews:
            self._answer, self._previews = None, False
        self._before.append(self._prompt)
        self._prompt = prompt
        self._ask()

    def _ask(self) -> None:
        """The last answer goes along, so that a correction corrects it."""
        shown = self.proposal
        self._chosen = self._wanted = 0
        prompt = self._prompt
        if shown is not None and len(prompt.positive) > 1:
            prompt = replace(prompt, previous_hw=shown.candidate.logits_hw)
        self._send(prompt)

    def _look(self) -> None:
        """Tell what is in view: of a large picture that part is embedded too."""
        document = self.context.document
        if document is not None:
            whole = Rect.of_size(*document.size_hw)
            self.context.session.prompting.look_at(self.context.visible_rect(whole))

    def _send(self, prompt: Prompt) -> None:
        self._look()
        try:
            self.context.session.prompting.ask(prompt, self._show)
        except UserError as error:
            self.cancel()
            self.context.session.notify.fault(error)

    def _show(self, answer: Answer) -> None:
        """An empty answer is one; what was shown before goes, what is labelled stays."""
        self._answer = answer
        self._chosen = self._wanted = 0
        if not answer.proposals and not self._previews:
            self.context.session.notify.info("the segmenter finds nothing there")
        self.context.refresh()

    def _preview(self) -> None:
        """The pointer rests: show what a click would give."""
        at, prompting = self._at, self.context.session.prompting
        self._look()
        if at is None or self.context.document is None or not self._prompt.is_empty or prompting.state != "ready":
            return
        height, width = self.context.document.size_hw
        if 0 <= at.x < width and 0 <= at.y < height:
            self._previews = True
            self._send(Prompt().with_point(*at.xy, positive=True))

    def _forget_preview(self) -> None:
        if self._previews:
            self.context.session.prompting.drop()
            self._answer, self._previews = None, False

    def _is_drag(self, drawn: list[tuple[float, float]]) -> bool:
        (x, y), still = drawn[0], _STILL * self.context.image_px
        return any(max(abs(other[0] - x), abs(other[1] - y)) >= still for other in drawn)

    def _on_image(self, drawn: list[tuple[float, float]]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.array([self.context.on_image(xy) for xy in drawn], np.float64)

    # ── drawing ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def paint_overlay(self, painter: QPainter) -> None:
        found = self.proposal
        if found is not None:
            color = self.context.class_color(self.context.view.active_class)
            alpha = _HOVER_ALPHA if self._previews else _ALPHA
            draw_mask(painter, self.context, found.mask_hw, found.rect, color, alpha)
        for path in self._paths():
            draw_line(painter, path, dashed=True)
        for (x, y), sign in zip(self._prompt.points_xy.tolist(), self._prompt.positive.tolist(), strict=True):
            _draw_point(painter, self.context.to_screen(x, y), belongs=sign)
        text = self._label()
        if text and self._at is not None:
            box = _LABEL.translated(self.context.to_screen(*self._at.xy))
            painter.fillRect(box, QColor(0, 0, 0, 170))
            painter.setPen(QColor(255, 255, 255))
            painter.drawText(box.adjusted(6, 0, -6, 0), Qt.AlignmentFlag.AlignVCenter, text)

    def overlay_bounds(self) -> QRectF | None:
        points = [self.context.to_screen(x, y) for x, y in self._prompt.points_xy.tolist()]
        for path in self._paths():
            box = path.boundingRect()
            points += [box.topLeft(), box.bottomRight()]
        if self.proposal is not None:
            points += screen_corners(self.context, self.proposal.rect)
        if self._at is not None and self._label():
            label = _LABEL.translated(self.context.to_screen(*self._at.xy))
            points += [label.topLeft(), label.bottomRight()]
        return bounds_of(points, _MARGIN)

    def _paths(self) -> list[QPainterPath]:
        """Box and outline, those on their way too."""
        prompt, paths = self._prompt, []
        lasso_xy, box = prompt.lasso_xy, prompt.box_xyxy
        if self._start is not None and self._is_drag(self._drawn):
            if self._start.alt:
                lasso_xy = np.array(self._drawn, np.float64)
            else:
                box = (*self._start.xy, *self._drawn[-1])
        if box is not None:
            paths.append(shape_path(self.context, rectangle((box[0], box[1]), (box[2], box[3]))))
        if lasso_xy is not None:
            path = QPainterPath()
            for number, point in enumerate(self.context.all_to_screen(lasso_xy)):
                path.lineTo(point) if number else path.moveTo(point)
            path.closeSubpath()
            paths.append(path)
        return paths

    def _label(self) -> str:
        """What the person waits for, or which of the candidates is shown."""
        prompting = self.context.session.prompting
        if not self._prompt.is_empty and prompting.state.endswith("…"):
            return prompting.state
        if self._answer is not None and len(self._answer.proposals) > 1 and not self._previews:
            found = self.proposal
            score = f"{found.candidate.score:.2f}" if found is not None else ""
            return f"{self._chosen % len(self._answer.proposals) + 1} of {len(self._answer.proposals)} · {score} · Tab"
        return ""


def _draw_point(painter: QPainter, at: QPointF, *, belongs: bool) -> None:
    """A disc with a plus or a minus: not by colour alone."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(QColor(255, 255, 255), 1.5))
    painter.setBrush(_IN if belongs else _OUT)
    painter.drawEllipse(at, _RADIUS, _RADIUS)
    reach = _RADIUS - 2
    painter.drawLine(at - QPointF(reach, 0), at + QPointF(reach, 0))
    if belongs:
        painter.drawLine(at - QPointF(0, reach), at + QPointF(0, reach))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
