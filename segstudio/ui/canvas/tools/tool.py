"""What a tool is: it hears the pointer in image coordinates, edits through the document, and draws its own preview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from segstudio.core.geometry import Points, Rect
from segstudio.core.transaction import Changes
from segstudio.render.object_raster import ObjectRaster
from segstudio.render.viewport import Viewport
from segstudio.session.document import Document
from segstudio.session.session import Session
from segstudio.session.view import View
from segstudio.ui.canvas.tools.region_selection import RegionSelection


@dataclass(frozen=True, slots=True)
class Pointer:
    """One position of mouse or pen: image coordinates, the keys held, and the pen's pressure 0…1 (mouse: 1)."""

    x: float
    y: float
    shift: bool = False
    ctrl: bool = False
    alt: bool = False
    pressure: float = 1.0

    @property
    def xy(self) -> tuple[float, float]:
        return self.x, self.y


class ToolContext:
    """What a tool may see and ask for; the canvas fills it."""

    def __init__(
        self,
        session: Session,
        *,
        viewport: Callable[[], Viewport],
        pixel_ratio: Callable[[], float],
        objects: Callable[[], ObjectRaster],
        reveal: Callable[[Rect], None],
        refresh: Callable[[], None],
    ) -> None:
        self.session = session
        self.regions = RegionSelection()
        """What is selected in semantic mode."""
        self.refresh = refresh
        """Draw the tool's preview again: for what changed without a move of the hand."""
        self.reveal = reveal
        """Bring an image rectangle into view, if it is not."""
        self._viewport = viewport
        self._pixel_ratio = pixel_ratio
        self._objects = objects

    @property
    def document(self) -> Document | None:
        return self.session.document

    @property
    def view(self) -> View:
        return self.session.view.now

    @property
    def objects(self) -> ObjectRaster:
        """The objects of the labels by place; only while a document is open."""
        return self._objects()

    @property
    def image_px(self) -> float:
        """How many image pixels one logical pixel of the screen spans."""
        return self._pixel_ratio() / self._viewport().scale

    def on_image(self, xy: tuple[float, float]) -> tuple[float, float]:
        """The nearest point of the image."""
        height, width = self.document.size_hw if self.document is not None else (0, 0)
        return min(max(xy[0], 0.0), float(width)), min(max(xy[1], 0.0), float(height))

    def visible_rect(self, bounds: Rect) -> Rect:
        """The image pixels, out of `bounds`, that are in view."""
        return self._viewport().visible_rect(bounds)

    def to_screen(self, x: float, y: float) -> QPointF:
        """The widget's point (logical pixels) over an image point."""
        at_x, at_y = self._viewport().to_widget(x, y)
        ratio = self._pixel_ratio()
        return QPointF(at_x / ratio, at_y / ratio)

    def all_to_screen(self, points_xy: Points) -> list[QPointF]:
        """As `to_screen`, for float64 `[N, 2]`."""
        scaled_xy = np.stack(self._viewport().to_widget(*points_xy.T), axis=1) / self._pixel_ratio()
        return [QPointF(x, y) for x, y in scaled_xy.tolist()]

    def class_color(self, class_id: int | None) -> tuple[int, int, int]:
        """The colour of a class; white where there is none."""
        known = self.session.classes.current.by_id.get(class_id) if class_id is not None else None
        return known.color if known is not None else (255, 255, 255)

    def tell(self, text: str, *, hint: str = "") -> None:
        """Say why nothing happened."""
        self.session.notify.tell("warning", text, hint=hint)


class Tool:
    """Base of the tools. A gesture goes `press`, `move`…, `release`; `cancel` may come at any time in between.

    Previews are drawn by `paint_overlay` and never touch the labels; what is committed is one undo step.
    """

    id: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    key: ClassVar[str]
    cursor: ClassVar[Qt.CursorShape] = Qt.CursorShape.CrossCursor
    follows_pointer: ClassVar[bool] = True
    """Whether the preview changes while the pointer hovers; where it does not, nothing is drawn again."""

    def __init__(self, context: ToolContext) -> None:
        self.context = context

    @property
    def hint(self) -> str:
        """What the hand can do with it, in one line."""
        return ""

    def press(self, at: Pointer) -> None:
        """The left button went down."""

    def move(self, points: Sequence[Pointer]) -> None:
        """The pointer moved with the left button down: every position since the last call."""

    def release(self, at: Pointer) -> None:
        """The left button went up."""

    def hover(self, at: Pointer | None) -> None:
        """The pointer moved with no button down; None when it left the canvas."""

    def double_click(self, at: Pointer) -> bool:
        """The left button went down for the second time; False lets the canvas treat it as a press."""
        return False

    def secondary(self, at: Pointer) -> bool:
        """The right button went down; whether the tool did something with it."""
        return False

    def key_press(self, key: int, modifiers: Qt.KeyboardModifier) -> bool:
        """A key went down that is no command's; whether the tool took it."""
        return False

    def cancel(self) -> bool:
        """Drop what is not committed; whether there was anything."""
        return False

    def undo(self) -> bool:
        """Take back the last step of what is not committed; whether there was one."""
        return False

    def delete(self) -> bool:
        """Delete what the tool has in hand; False lets the canvas delete the selected objects."""
        return False

    def change_class(self, class_id: int) -> bool:
        """Give what the tool has in hand to a class; False lets the canvas change the selected objects."""
        return False

    def is_empty_at(self, at: Pointer) -> bool:
        """Whether a double click there means "100 %": nothing of the tool's own lies there."""
        return False

    def follow(self, changes: Changes) -> None:
        """The document changed, by this tool or by anything else."""

    def paint_overlay(self, painter: QPainter) -> None:
        """Draw preview and handles in logical pixels (see `ToolContext.to_screen`)."""

    def overlay_bounds(self) -> QRectF | None:
        """What `paint_overlay` will touch, in logical pixels; None for nothing."""
        return None
