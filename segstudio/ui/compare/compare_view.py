"""Two layers of the open image side by side, in the place of the canvas: panes or a swipe, and the bars beside them."""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS, TRUTH
from segstudio.metrics.agreement import Agreement
from segstudio.render.lut import AGREEMENT_COLORS
from segstudio.render.viewport import Viewport
from segstudio.session.comparing import Comparing, Comparison, Side
from segstudio.session.session import Session
from segstudio.ui.compare.choices import ChoiceBar, layer_title
from segstudio.ui.compare.delta_bars import DeltaBars
from segstudio.ui.compare.look import SharedLook
from segstudio.ui.compare.pane import ComparePane
from segstudio.ui.compare.pane_scenes import Shown
from segstudio.ui.compare.swipe import SwipeView

PANES = ("a", "b", "difference", TRUTH, LABELS)
"""In the order in which they stand; A and B always do."""
_CASES = {
    Agreement.ONLY_A_RIGHT: "only A right",
    Agreement.ONLY_B_RIGHT: "only B right",
    Agreement.BOTH_WRONG_ALIKE: "both wrong alike",
    Agreement.BOTH_WRONG_DIFFERENTLY: "wrong differently",
}


class CompareView(QWidget):
    """`closed` is emitted when the person is done (Esc); `comparing` says what is compared and what was found."""

    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.comparing = Comparing(session)
        self.look = SharedLook()
        self.choices = ChoiceBar()
        self.panes = {name: ComparePane(session, self.look) for name in PANES}
        self.titles = {name: QLabel() for name in PANES}
        self.swipe = SwipeView(session, self.look)
        self.swipe_titles: dict[Side, QLabel] = {"a": QLabel(), "b": QLabel()}
        self.bars = DeltaBars()
        self.pixels = QLabel()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Compare two layers")
        self._arranged: list[str] = []
        self._build()
        self._arrange()
        self.choices.layer_chosen.connect(self._on_chosen)
        self.choices.arranged.connect(self._arrange)
        self.choices.close_asked.connect(self.closed)
        self.comparing.changed.connect(self._refresh)

    def start(self, viewport: Viewport, *, fits: bool) -> None:
        """Begin to compare, looking where `viewport` looks."""
        self.look.look_at(viewport, fits=fits)
        self.comparing.start()

    def stop(self) -> None:
        """Count no more until the next `start`."""
        self.comparing.stop()

    @property
    def viewer(self) -> ComparePane:
        """The pane that zoom commands act on; all others follow."""
        return self.swipe.b if self.is_swiping else self.panes["a"]

    @property
    def is_swiping(self) -> bool:
        """Whether A lies over B in one place, instead of beside it."""
        return self.choices.swipe.isChecked()

    def show_swipe(self, on: bool) -> None:
        """Lay A over B in one place, or put them side by side again."""
        self.choices.swipe.setChecked(on)

    def take(self, side: Side) -> None:
        """Take what A or B says under the cursor into the labels; what hinders it is told."""
        point = self.look.point_xy
        if point is None:
            self._session.notify.tell("warning", "point at the place in a pane first")
            return
        try:
            self.comparing.take(side, point)
        except UserError as error:
            self._session.notify.fault(error)

    # ── the parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _build(self) -> None:
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._boxes = {name: _titled(self.titles[name], pane) for name, pane in self.panes.items()}
        side_by_side = QWidget()
        side_by_side.setLayout(self._grid)
        for box in self._boxes.values():
            box.setParent(side_by_side)
        over_titles = QHBoxLayout()
        for title in self.swipe_titles.values():
            over_titles.addWidget(title, 1)
        self.swipe_titles["b"].setAlignment(Qt.AlignmentFlag.AlignRight)
        self.swipe_titles["b"].setContentsMargins(0, 0, 6, 0)
        over = QWidget()
        column = QVBoxLayout(over)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(over_titles)
        column.addWidget(self.swipe, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(side_by_side)
        self._stack.addWidget(over)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 4, 4, 4)
        whole.setSpacing(4)
        whole.addWidget(self.choices)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._stack, 1)
        row.addWidget(self._numbers())
        whole.addLayout(row, 1)

    def _numbers(self) -> QWidget:
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        inner = QVBoxLayout(page)
        inner.setContentsMargins(2, 0, 6, 0)
        inner.addWidget(self.bars)
        inner.addStretch(1)
        scroll.setWidget(page)
        box = QWidget()
        box.setFixedWidth(216)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(QLabel("<b>ΔIoU per class</b>, A − B, points"))
        column.addWidget(scroll, 1)
        column.addWidget(self.pixels)
        self.pixels.setAccessibleName("Pixels where A and B differ")
        return box

    @property
    def _wanted(self) -> list[str]:
        needs_truth = () if TRUTH in self.comparing.names else (TRUTH, "difference")
        extra = [name for name, button in self.choices.extra.items() if button.isChecked() and name not in needs_truth]
        return [name for name in PANES if name in ("a", "b", *extra)]

    def _arrange(self) -> None:
        """Put the wanted panes into the grid, two beside each other, from five on three."""
        self._stack.setCurrentIndex(1 if self.is_swiping else 0)
        wanted = self._arranged = self._wanted
        columns = 3 if len(wanted) > 4 else 2
        for name, box in self._boxes.items():
            self._grid.removeWidget(box)
            box.setVisible(name in wanted)
        for place, name in enumerate(wanted):
            self._grid.addWidget(self._boxes[name], place // columns, place % columns)
        for line in range(3):
            self._grid.setColumnStretch(line, 1 if line < columns else 0)
            self._grid.setRowStretch(line, 1 if line * columns < len(wanted) else 0)

    # ── news ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _on_chosen(self, side: Side, name: str) -> None:
        self.comparing.choose(side, name)
        self.setFocus()

    def _refresh(self, _: object = None) -> None:
        comparing = self.comparing
        if self._wanted != self._arranged:
            self._arrange()
        a, b = comparing.layer_name("a"), comparing.layer_name("b")
        self.choices.offer(comparing.names, a, b)
        shown = {"a": Shown(a), "b": Shown(b), TRUTH: Shown(TRUTH), LABELS: Shown(LABELS), "difference": Shown(a, b)}
        for name, pane in self.panes.items():
            pane.show_layer(shown[name])
        self.swipe.a.show_layer(shown["a"])
        self.swipe.b.show_layer(shown["b"])
        titles = {
            "a": self._title(a, "A", Agreement.ONLY_A_RIGHT),
            "b": self._title(b, "B", Agreement.ONLY_B_RIGHT),
            TRUTH: "<b>Ground truth</b>",
            LABELS: self._title(LABELS, "", None),
            "difference": f"<b>Difference</b>{_net(comparing.result)}",
        }
        for name, title in self.titles.items():
            title.setText(titles[name])
        for side, title in self.swipe_titles.items():
            title.setText(titles[side])
        result = comparing.result
        self.bars.show_classes(result.classes if result is not None else ())
        self.pixels.setText(_tally(result.pixels) if result is not None else "")

    def _title(self, name: str, letter: str, case: Agreement | None) -> str:
        value = self.comparing.mean_iou(name)
        chip = f"{_square(case)} <b>{letter}</b> · " if case is not None else ""
        if name not in self.comparing.names:
            what = f"{layer_title(name)}: this image has none" if name else "nothing to compare"
            return f"{chip}{what} (Ctrl+R runs the model)"
        score = f" · mIoU <b>{100 * value:.2f}</b>" if value is not None and not isnan(value) else ""
        return f"{chip}{layer_title(name)}{score}" if chip else f"<b>{layer_title(name).capitalize()}</b>{score}"

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 (Qt's name)
        point = self.look.point_xy
        if point is None:
            return
        menu = QMenu(self)
        sides: tuple[Side, Side] = ("a", "b")
        actions = {menu.addAction(f"Take from {side.upper()} here"): side for side in sides}
        chosen = menu.exec(event.globalPos())
        if chosen in actions:
            self.look.point_at(point)
            self.take(actions[chosen])

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        elif event.key() == Qt.Key.Key_H and not event.modifiers():
            self._session.view.set(bare=True)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.key() == Qt.Key.Key_H and not event.isAutoRepeat():
            self._session.view.set(bare=False)
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Keys that are held now will be released elsewhere."""
        self._session.view.set(bare=False)
        super().focusOutEvent(event)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 (Qt's name)
        self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.StyleChange):
            for pane in (*self.panes.values(), self.swipe.a, self.swipe.b):
                pane.restyle()
        super().changeEvent(event)


def _titled(title: QLabel, pane: ComparePane) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    # A long title never makes its pane wider than the others.
    title.setMinimumWidth(1)
    column.addWidget(title)
    column.addWidget(pane, 1)
    return box


def _square(case: Agreement) -> str:
    red, green, blue = AGREEMENT_COLORS[case]
    sign = "▨" if case is Agreement.BOTH_WRONG_DIFFERENTLY else "■"
    # The grey of the hatching would vanish on a dark ground.
    color = "#a0a0a0" if case is Agreement.BOTH_WRONG_DIFFERENTLY else f"#{red:02x}{green:02x}{blue:02x}"
    return f'<span style="color:{color}">{sign}</span>'


def _key(case: Agreement, word: str) -> str:
    return f"{_square(case)}&nbsp;{word.replace(' ', '&nbsp;')}"


def _net(result: Comparison | None) -> str:
    """Who is right on more pixels, and by how many."""
    if result is None:
        return ""
    net = result.pixels[Agreement.ONLY_A_RIGHT] - result.pixels[Agreement.ONLY_B_RIGHT]
    ahead = Agreement.ONLY_A_RIGHT if net > 0 else Agreement.ONLY_B_RIGHT
    size = f"{abs(net):,}".replace(",", "\u202f")
    return f" · {_square(ahead)} {'A' if net > 0 else 'B'} is right on {size} px more" if net else " · even"


def _tally(pixels: Mapping[Agreement, int]) -> str:
    total = max(1, sum(pixels.values()) - pixels[Agreement.VOID])
    rows = [
        f"<tr><td>{_key(case, word)}&nbsp;&nbsp;</td><td align=right>{100 * pixels[case] / total:.2f} %</td></tr>"
        for case, word in _CASES.items()
    ]
    return f"<table>{''.join(rows)}</table>"
