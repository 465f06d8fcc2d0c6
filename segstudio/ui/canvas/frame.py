"""What the canvas shows: the back buffer, drawn anew only where and when something changed."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtGui import QImage

from segstudio.core.class_set import Color
from segstudio.core.geometry import Rect, union_all
from segstudio.core.transaction import Changes
from segstudio.render.compositor import Compositor
from segstudio.render.object_raster import ObjectRaster
from segstudio.render.scene import Scene
from segstudio.render.viewport import Viewport
from segstudio.session.document import Document
from segstudio.session.view import View
from segstudio.ui.canvas.qimage import wrap
from segstudio.ui.canvas.scenes import SceneSource

_OBJECT_SECONDS = 0.006
"""How long one picture may spend on drawing objects that come into view for the first time."""
_MANY = 16
"""From so many waiting rectangles on, their common bounds are drawn instead."""


class Frame:
    """Collects changes and draws them when the next picture is asked for, so that a burst of edits is drawn once."""

    def __init__(self) -> None:
        self._compositor = Compositor(1, 1)
        self._image = wrap(self._compositor.buffer_hw)
        self._source: SceneSource | None = None
        self._is_stale = True
        self._waiting: list[Rect] = []
        self._margin_px = 1
        self._needs_scene = False
        self._drawn_state: object = None

    def is_unfinished(self, viewport: Viewport) -> bool:
        """Whether objects in view are still to be drawn by the next pictures."""
        if self._source is None:
            return False
        return self._source.has_objects_to_paint(viewport.visible_rect(Rect.of_size(*self._source.size_hw)))

    @property
    def is_coarse(self) -> bool:
        """Whether the picture waits for its smaller levels."""
        return self._compositor.is_coarse

    def show(self, document: Document | None) -> None:
        """Show another document."""
        self._source = SceneSource(document) if document is not None else None
        self.invalidate()

    def objects(self) -> ObjectRaster:
        """The objects of the labels by place."""
        assert self._source is not None
        return self._source.objects()

    def scene_now(self, view: View, background: Color, outline_px: int) -> Scene:
        """What is to be seen of the document, for pictures of other sizes."""
        assert self._source is not None
        return self._source.scene(view, background=background, outline_px=outline_px)

    def invalidate(self) -> None:
        """Draw everything anew next time."""
        self._is_stale = True
        self._waiting.clear()

    def follow(self, changes: Changes, viewport: Viewport) -> Rect | None:
        """Take note of an edit; returns the device pixels that will change, None for all of them."""
        assert self._source is not None
        self._source.follow(changes)
        if changes.segments or changes.classes or (changes.objects and self._source.state != self._drawn_state):
            return None
        rect = changes.area
        if self._is_stale:
            return viewport.bounds
        if changes.objects:
            rect = rect.grown(1)
        self._wait_for(rect)
        return viewport.device_rect(rect, self._margin_px)

    def recolor(self, object_ids: Iterable[int], viewport: Viewport) -> list[Rect]:
        """Objects of the labels look different now; returns the device pixels that will change."""
        assert self._source is not None
        self._needs_scene = True
        rects = self._source.bounds_of(object_ids)
        for rect in rects:
            self._wait_for(rect)
        return [viewport.device_rect(rect, self._margin_px) for rect in rects]

    def image(self, viewport: Viewport, view: View, background: Color, ratio: float) -> QImage:
        """The picture as it is now; it aliases the buffer and is good until the next call."""
        assert self._source is not None
        visible = viewport.visible_rect(Rect.of_size(*self._source.size_hw))
        for rect in self._source.paint_objects(visible, _OBJECT_SECONDS):
            self._wait_for(rect)
        if self._is_stale or self._compositor.viewport != viewport:
            self._draw_all(viewport, view, background, ratio)
            # Layers seen for the first time have objects only now.
            for rect in self._source.paint_objects(visible, _OBJECT_SECONDS):
                self._compositor.update(rect)
        else:
            if self._needs_scene:
                self._compositor.replace_scene(self._scene(view, background, ratio))
            for rect in self._waiting:
                self._compositor.update(rect)
        self._waiting.clear()
        return self._image

    def _wait_for(self, rect: Rect) -> None:
        if rect.is_empty or self._is_stale:
            return
        self._waiting.append(rect)
        if len(self._waiting) > _MANY:
            self._waiting = [union_all(self._waiting)]

    def _scene(self, view: View, background: Color, ratio: float) -> Scene:
        assert self._source is not None
        self._margin_px = max(1, round(ratio))
        self._needs_scene = False
        self._drawn_state = self._source.state
        return self._source.scene(view, background=background, outline_px=self._margin_px)

    def _draw_all(self, viewport: Viewport, view: View, background: Color, ratio: float) -> None:
        before = self._compositor.viewport
        moved_only = (
            not self._is_stale
            and not self._needs_scene
            and before.scale == viewport.scale
            and before.quarter_turns == viewport.quarter_turns
            and before.bounds == viewport.bounds
        )
        dx, dy = before.left - viewport.left, before.top - viewport.top
        if moved_only and dx == int(dx) and dy == int(dy):
            for rect in self._waiting:
                self._compositor.update(rect)
            self._compositor.pan(int(dx), int(dy))
        else:
            self._compositor.full(viewport, self._scene(view, background, ratio))
            self._image = wrap(self._compositor.buffer_hw, ratio)
        self._is_stale = False
