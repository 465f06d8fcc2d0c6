"""The canvas: a picture that hears mouse, pen and keys, and hands them to the tool in hand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QEnterEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QTabletEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from segstudio.core.errors import UserError
from segstudio.core.transaction import Changes
from segstudio.render.viewport import Viewport
from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.ui.canvas.aids import Aids
from segstudio.ui.canvas.key_cursor import KeyCursor
from segstudio.ui.canvas.picture_view import ZOOM_STEP, PictureView
from segstudio.ui.canvas.pointed import Pointed, pointed_at
from segstudio.ui.canvas.pointer import MoveQueue, pointer_of
from segstudio.ui.canvas.selection import delete_objects, give_objects_to
from segstudio.ui.canvas.tools import TOOLS
from segstudio.ui.canvas.tools.tool import Pointer, Tool, ToolContext

__all__ = ["Canvas", "Pointed"]


class Canvas(PictureView):
    """The open image under the tools. `pointed` carries what is under the cursor, a `Pointed` or None.

    In every tool the wheel zooms at the cursor, the middle button or Space with the left one pans, Alt with the wheel
    sizes the brush, H held shows the bare image, Esc drops what is not committed.
    """

    pointed = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(session, parent)
        self._panning: QPointF | None = None
        self._space = False
        self._pressed = False
        self._pressure = 1.0
        self._cursor_at: QPointF | None = None
        self._overlay = QRect()
        self._moves = MoveQueue(self, self._deliver_moves)
        context = ToolContext(
            session,
            viewport=lambda: self._viewport,
            pixel_ratio=self.devicePixelRatioF,
            objects=self.frame.objects,
            reveal=self.reveal,
            refresh=self._refresh_overlay,
        )
        self.regions = context.regions
        self.tools: list[Tool] = [kind(context) for kind in TOOLS]
        self._tool = self._tool_called(session.view.now.tool)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.aids = Aids(self)
        self.key_cursor = KeyCursor(self)
        self.regions.changed.connect(lambda _: self._refresh_overlay())
        self._on_document(session.document)

    @property
    def inset(self) -> int:
        return self.aids.inset

    @property
    def tool(self) -> Tool:
        """The tool in hand."""
        return self._tool

    def cursor_image_point(self) -> tuple[float, float] | None:
        """The image point under the cursor; None while the cursor is elsewhere."""
        return self.to_image(self._cursor_at) if self._cursor_at is not None else None

    def delete_selection(self) -> None:
        """Delete what the tool has in hand, else the selected objects."""
        if not self._tool.delete():
            delete_objects(self.session)
        self._refresh_overlay()

    def change_class_of_selection(self) -> None:
        """Give what is selected to the active class. Raises `UserError` where there is nothing to give, or no class."""
        active = self.session.view.now.active_class
        if active is None:
            raise UserError("choose a class first")
        if not self._tool.change_class(active):
            give_objects_to(self.session, active)

    def undo_in_tool(self) -> bool:
        """Take back the last step of an unfinished gesture; whether there was one."""
        self._moves.flush()
        done = self._tool.undo() or (self._pressed and self._tool.cancel())
        self._refresh_overlay()
        return done

    # ── news from the session ────────────────────────────────────────────────────────────────────────────────────────

    def _on_document(self, document: Document | None) -> None:
        self._moves.drop()
        self.key_cursor.drop()
        self._pressed = False
        for tool in self.tools:
            tool.cancel()
        self.regions.clear()
        super()._on_document(document)
        self._hover_again()
        self._show_cursor()
        self._refresh_overlay()
        self._tell_pointed()

    def _on_changes(self, changes: Changes) -> None:
        super()._on_changes(changes)
        if self.document is not None:
            self.regions.follow(changes, self.document.labels)
        self._tool.follow(changes)
        self._refresh_overlay()

    def _on_view(self, names: frozenset[str]) -> None:
        if "tool" in names:
            self._take(self._tool_called(self.session.view.now.tool))
        if "mode" in names:
            self._drop()
            self.regions.clear()
        super()._on_view(names)
        self._refresh_overlay()

    def _tool_called(self, name: str) -> Tool:
        return next((tool for tool in self.tools if tool.id == name), self.tools[0])

    def _take(self, tool: Tool) -> None:
        if tool is self._tool:
            return
        self._drop()
        self.regions.clear()
        self._tool.hover(None)
        self._tool = tool
        self._show_cursor()
        self._hover_again()

    def _hover_again(self) -> None:
        """Tell the tool where the cursor is, though it did not move: what lies under it is something else now."""
        if self._cursor_at is not None and not self._pressed and self.document is not None:
            self._tool.hover(self._pointer(self._cursor_at, Qt.KeyboardModifier.NoModifier))

    def _drop(self) -> bool:
        """Drop the gesture on its way; whether there was one."""
        self._moves.flush()
        self._pressed = False
        return self._tool.cancel()

    def show_viewport(self, viewport: Viewport) -> None:
        super().show_viewport(viewport)
        self._hover_again()
        self._refresh_overlay()

    # ── the overlay ──────────────────────────────────────────────────────────────────────────────────────────────────

    def paint_aids(self, painter: QPainter) -> None:
        self.aids.paint(painter)

    def paint_overlay(self, painter: QPainter) -> None:
        self._tool.paint_overlay(painter)
        self.key_cursor.paint(painter)

    def _refresh_overlay(self) -> None:
        bounds = self._tool.overlay_bounds() if self.document is not None else None
        before, self._overlay = self._overlay, bounds.toAlignedRect() if bounds is not None else QRect()
        self.update_logical(before)
        self.update_logical(self._overlay)

    # ── mouse and pen ────────────────────────────────────────────────────────────────────────────────────────────────

    def _pointer(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> Pointer:
        return pointer_of(self.to_image(at), modifiers, self._pressure)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._moves.flush()
        self.key_cursor.hide()
        self._cursor_at = event.position()
        at = self._pointer(event.position(), event.modifiers())
        button = event.button()
        pans = self._space or self._tool.id == "pan"
        if button == Qt.MouseButton.MiddleButton or (button == Qt.MouseButton.LeftButton and pans):
            self._panning = event.position()
            self._show_cursor()
        elif button == Qt.MouseButton.LeftButton and self.document is not None:
            self._pressed = True
            self._tool.press(at)
        elif button == Qt.MouseButton.RightButton:
            self._tool.secondary(at)
        self._refresh_overlay()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        at = self._pointer(event.position(), event.modifiers())
        if event.button() == Qt.MouseButton.LeftButton and not self._space and self.document is not None:
            if self._tool.double_click(at):
                self._refresh_overlay()
                return
            if self._tool.is_empty_at(at):
                self.actual_size(event.position())
                return
        self.mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self.key_cursor.hide()
        self._cursor_at = event.position()
        if self._panning is not None:
            step = event.position() - self._panning
            self._panning = event.position()
            self.pan(step.x(), step.y())
        else:
            self._moves.add(self._pointer(event.position(), event.modifiers()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 (Qt's name)
        self._moves.flush()
        if self._panning is not None and event.button() in (Qt.MouseButton.MiddleButton, Qt.MouseButton.LeftButton):
            self._panning = None
            self._show_cursor()
        elif event.button() == Qt.MouseButton.LeftButton and self._pressed:
            self._pressed = False
            self._tool.release(self._pointer(event.position(), event.modifiers()))
        self._refresh_overlay()

    def _deliver_moves(self, points: list[Pointer]) -> None:
        if self.document is None:
            return
        if self._pressed:
            self._tool.move(points)
        else:
            self._tool.hover(points[-1])
        if self._pressed or self._tool.follows_pointer:
            self._refresh_overlay()
        self._tell_pointed()

    def hand_moves(self, at: Pointer) -> None:
        """The pointer is elsewhere, without a mouse."""
        self._cursor_at = self.to_widget(at.x, at.y)
        self._deliver_moves([at])

    def hand_presses(self, at: Pointer) -> None:
        """The button went down, without a mouse."""
        self._moves.flush()
        if self.document is not None:
            self._pressed = True
            self._tool.press(at)
            self._refresh_overlay()

    def hand_releases(self, at: Pointer) -> None:
        """The button went up, without a mouse."""
        if self._pressed:
            self._pressed = False
            self._tool.release(at)
            self._refresh_overlay()

    def tabletEvent(self, event: QTabletEvent) -> None:  # noqa: N802 (Qt's name)
        """Only the pressure is taken; the event goes on and comes back as a mouse event."""
        self._pressure = event.pressure() if event.type() != QEvent.Type.TabletRelease else 1.0
        event.ignore()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802 (Qt's name)
        self._moves.flush()
        # With Alt held some platforms turn the wheel sideways.
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        if event.modifiers() & Qt.KeyboardModifier.AltModifier:
            view = self.session.view
            view.set(brush_radius=view.now.brush_radius * ZOOM_STEP**notches)
            self._keep_alt_from_the_menu(event)
        elif notches and self.document is not None:
            self._cursor_at = event.position()
            self.scale_to(self._viewport.scale * ZOOM_STEP**notches, event.position())
        self._refresh_overlay()
        event.accept()

    def _keep_alt_from_the_menu(self, event: QWheelEvent) -> None:
        """Qt's menu bar takes the focus when Alt is released, unless it saw the mouse at work meanwhile."""
        held = event.position(), event.globalPosition(), Qt.MouseButton.NoButton, event.buttons(), event.modifiers()
        QApplication.sendEvent(self, QMouseEvent(QEvent.Type.MouseMove, *held))

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802 (Qt's name)
        self._cursor_at = event.position()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 (Qt's name)
        self._moves.flush()
        self._cursor_at = None
        if not self._pressed:
            self._tool.hover(None)
        self._refresh_overlay()
        self._tell_pointed()

    def _tell_pointed(self) -> None:
        self.aids.follow_cursor(self._cursor_at)
        point = self.cursor_image_point()
        self.pointed.emit(pointed_at(self.document, *point) if point and self.document is not None else None)

    # ── keys ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def event(self, event: QEvent) -> bool:
        # Qt would move the focus on Tab before a key event is sent.
        tabs = (Qt.Key.Key_Tab, Qt.Key.Key_Backtab)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in tabs:
            return self._key_to_tool(event) or super().event(event)
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.scale_to(self._viewport.scale * (1 + event.value()), event.position())
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        key = event.key()
        if key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self.key_cursor.begin_tap()
                self._show_cursor()
        elif key == Qt.Key.Key_H and not event.modifiers():
            self.session.view.set(bare=True)
        elif key == Qt.Key.Key_Escape:
            self.key_cursor.drop()
            if not self._drop():
                self.session.view.set(selection=frozenset())
            self._refresh_overlay()
        elif not (
            self.key_cursor.press_before_tool(event)
            or self._key_to_tool(event)
            or self.key_cursor.press_after_tool(event)
        ):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 (Qt's name)
        if event.isAutoRepeat():
            return
        if event.key() == Qt.Key.Key_Space:
            self._space = False
            self.key_cursor.end_tap(event.modifiers())
            self._show_cursor()
        elif event.key() == Qt.Key.Key_H:
            self.session.view.set(bare=False)
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 (Qt's name)
        """Keys that are held now will be released elsewhere."""
        self._space = False
        if self.key_cursor.drop():
            self._drop()
        self.session.view.set(bare=False)
        self._show_cursor()
        super().focusOutEvent(event)

    def _key_to_tool(self, event: QKeyEvent) -> bool:
        self._moves.flush()
        taken = self.document is not None and self._tool.key_press(event.key(), event.modifiers())
        if taken:
            self._refresh_overlay()
        return taken

    def _show_cursor(self) -> None:
        if self.document is None:
            self.unsetCursor()
        elif self._panning is not None:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self.setCursor(Qt.CursorShape.OpenHandCursor if self._space else self._tool.cursor)
