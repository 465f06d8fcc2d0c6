"""Two layers of the open image, in the place of the canvas: in panes or over each other, and the bars beside them."""

from __future__ import annotations

from dataclasses import replace
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
from segstudio.session.comparison.comparing import Comparing, Comparison, Side
from segstudio.session.session import Session
from segstudio.ui.compare.agreement_key import AgreementKey
from segstudio.ui.compare.arrangement import PANES, Arrangement, Manner, load_arrangement, save_arrangement
from segstudio.ui.compare.choices import ChoiceBar, layer_title
from segstudio.ui.compare.delta_bars import DeltaBars
from segstudio.ui.compare.look import SharedLook
from segstudio.ui.compare.over_view import OverView
from segstudio.ui.compare.pane import ComparePane
from segstudio.ui.compare.pane_scenes import Shown


class CompareView(QWidget):
    """`closed` is emitted when the person is done (Esc); `comparing` says what is compared and what was found."""

    closed = Signal()

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.comparing = Comparing(session)
        self.look = SharedLook()
        self.arrangement = load_arrangement(session.data_dir)
        self.choices = ChoiceBar(self.arrangement)
        self.panes = {name: ComparePane(session, self.look) for name in PANES}
        self.titles = {name: QLabel() for name in PANES}
        self.over = OverView(session, self.look, self.arrangement.interval_ms)
        self.swipe = self.over.swipe
        self.bars = DeltaBars()
        self.key = AgreementKey()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Compare two layers")
        self._arranged: list[str] = []
        self._build()
        self._arrange()
        self.choices.layer_chosen.connect(self._on_chosen)
        self.choices.arranged.connect(self._on_arranged)
        self.over.interval_changed.connect(self._on_interval)
        self.key.changed.connect(self._refresh)
        self.choices.close_asked.connect(self.closed)
        self.comparing.changed.connect(self._refresh)

    def start(self, viewport: Viewport, *, fits: bool) -> None:
        """Begin to compare, looking where `viewport` looks."""
        self.look.look_at(viewport, fits=fits)
        self.over.show_as(self.choices.manner)
        self.comparing.start()

    def stop(self) -> None:
        """Count no more until the next `start`."""
        self.over.stop()
        self.comparing.stop()

    @property
    def viewer(self) -> ComparePane:
        """The pane that zoom commands act on; all others follow."""
        return self.swipe.b if self.manner != "panes" else self.panes[self._arranged[0]]

    @property
    def manner(self) -> Manner:
        """How A and B are shown."""
        return self.choices.manner

    def show_as(self, manner: Manner) -> None:
        """Lay A over B in one place in some manner, or put them beside each other ("panes")."""
        self.choices.manners[manner].setChecked(True)

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
        self._stack = QStackedWidget()
        self._stack.addWidget(side_by_side)
        self._stack.addWidget(self.over)
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
        column.addWidget(QLabel("<b>ΔIoU per class</b>, B − A, points"))
        column.addWidget(scroll, 1)
        column.addWidget(self.key)
        return box

    @property
    def _wanted(self) -> list[str]:
        needs_truth = () if TRUTH in self.comparing.names else (TRUTH, "difference")
        return [name for name in self.choices.panes if name not in needs_truth] or ["a"]

    def _on_arranged(self) -> None:
        self._arrange()
        choices = self.choices
        arrangement = replace(self.arrangement, panes=choices.panes, layout=choices.layout_name)
        self._keep(arrangement)

    def _on_interval(self, interval_ms: int) -> None:
        self._keep(replace(self.arrangement, interval_ms=interval_ms))

    def _keep(self, arrangement: Arrangement) -> None:
        if arrangement != self.arrangement:
            self.arrangement = arrangement
            save_arrangement(self._session.data_dir, arrangement)

    def _arrange(self) -> None:
        """Lay A over B, or put the wanted panes into lines."""
        manner = self.choices.manner
        self._stack.setCurrentIndex(0 if manner == "panes" else 1)
        self.over.show_as(manner)
        wanted = self._arranged = self._wanted
        columns = replace(self.arrangement, layout=self.choices.layout_name).columns(len(wanted))
        for name, box in self._boxes.items():
            self._grid.removeWidget(box)
            box.setVisible(name in wanted)
        for place, name in enumerate(wanted):
            self._grid.addWidget(self._boxes[name], place // columns, place % columns)
        for line in range(len(self._boxes)):
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
        shown = {
            "a": Shown(a),
            "b": Shown(b),
            TRUTH: Shown(TRUTH),
            LABELS: Shown(LABELS),
            "difference": Shown(a, b, self.key.hidden_cases),
        }
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
        for side, title in self.over.titles.items():
            title.setText(titles[side])
        result = comparing.result
        self.bars.show_classes(result.classes if result is not None else ())
        self.key.show_pixels(result.pixels if result is not None else None)

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
        elif event.key() == Qt.Key.Key_Space and self.manner == "blink":
            self.over.pause.setChecked(True)
            self.over.turn()
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


def _net(result: Comparison | None) -> str:
    """Who is right on more pixels, and by how many."""
    if result is None:
        return ""
    net = result.pixels[Agreement.ONLY_A_RIGHT] - result.pixels[Agreement.ONLY_B_RIGHT]
    ahead = Agreement.ONLY_A_RIGHT if net > 0 else Agreement.ONLY_B_RIGHT
    size = f"{abs(net):,}".replace(",", "\u202f")
    return f" · {_square(ahead)} {'A' if net > 0 else 'B'} is right on {size} px more" if net else " · even"
