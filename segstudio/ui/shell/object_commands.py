"""What a person can do to the selected objects, or, in semantic mode, to the region under the cursor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError
from segstudio.session.document import Document
from segstudio.ui.canvas.tools.painting import fill_mask
from segstudio.ui.canvas.tools.region import region_at
from segstudio.ui.shell.commands import Command

if TYPE_CHECKING:
    from segstudio.core.geometry import Rect
    from segstudio.core.objects import SegObject
    from segstudio.session.stroke import Stroke
    from segstudio.ui.canvas.tools.painting import Mask
    from segstudio.ui.shell.main_window import MainWindow

_STEP = 1.0
"""Pixels by which one call grows or shrinks."""
_SMOOTH = 2.0
_SIMPLIFY = 1.0
_ASIDE = 12.0
"""How far aside, in logical pixels, a copy lies that would hide what it was copied from."""


class ObjectCommands:
    """Holds what was copied; it can be pasted into other images too."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._session = window.session
        self._copied: Sequence[SegObject] = ()
        self._copied_from = ""

    def rows(self) -> list[Command]:
        """The rows of the window's table."""

        def row(name: str, title: str, call: Callable[[], object], *keys: str) -> Command:
            return Command(f"object.{name}", title, lambda: self._try(call), keys)

        return [
            row("copy", "&Copy", self._copy, "Ctrl+C"),
            row("paste", "&Paste", self._paste, "Ctrl+V"),
            row("duplicate", "&Duplicate", self._duplicate, "Ctrl+D"),
            row("forward", "Bring &forward", lambda: self._order("bring_forward"), "Ctrl+]"),
            row("back", "Send &back", lambda: self._order("send_back"), "Ctrl+["),
            row("merge", "&Merge the selected", self._merge, "Ctrl+J"),
            row("convert", "Con&vert polygon ↔ mask", self._convert),
            row("fill_holes", "Fill &holes", self._fill_holes, "Ctrl+H"),
            row("remove_specks", "Remove spec&ks", self._remove_specks),
            row("grow", "&Grow by a pixel", lambda: self._grow(_STEP), "Alt+]"),
            row("shrink", "&Shrink by a pixel", lambda: self._grow(-_STEP), "Alt+["),
            row("smooth", "Smoo&th", self._smooth, "Ctrl+M"),
            row("simplify", "S&implify", self._simplify),
        ]

    def checks(self) -> dict[str, bool]:
        return {}

    # ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def _fill_holes(self) -> None:
        from segstudio.ops import components
        from segstudio.session import reshape

        if self._in_objects:
            reshape.fill_holes(*self._selected())
        else:
            self._region("fill holes", components.fill_holes, margin=0)

    def _remove_specks(self) -> None:
        from segstudio.session import reshape

        reshape.remove_specks(*self._selected())

    def _grow(self, pixels: float) -> None:
        from segstudio.ops import smoothing
        from segstudio.session import reshape

        if self._in_objects:
            reshape.grow(*self._selected(), pixels)
        else:
            name = "grow" if pixels > 0 else "shrink"
            self._region(name, lambda mask_hw: smoothing.grow_mask(mask_hw, pixels), margin=2)

    def _smooth(self) -> None:
        from segstudio.ops import smoothing
        from segstudio.session import reshape

        if self._in_objects:
            reshape.smooth(*self._selected(), _SMOOTH)
        else:
            self._region("smooth", lambda mask_hw: smoothing.smooth_mask(mask_hw, _SMOOTH), margin=8)

    def _simplify(self) -> None:
        from segstudio.session import reshape

        document, ids = self._selected()
        before = self._points(document, ids)
        if not reshape.simplify(document, ids, _SIMPLIFY):
            raise UserError("there is no point to leave out", hint="masks have no points: convert them to polygons")
        self._session.notify.info(f"{before} points → {self._points(document, ids)}")

    def _convert(self) -> None:
        from segstudio.session import reshape

        reshape.convert(*self._selected())

    def _merge(self) -> None:
        from segstudio.session import reshape

        kept = reshape.merge(*self._selected())
        self._session.view.set(selection=frozenset({kept}))

    # ── order and copies ─────────────────────────────────────────────────────────────────────────────────────────────

    def _order(self, name: str) -> None:
        from segstudio.session import reshape

        if not getattr(reshape, name)(*self._selected()):
            self._session.notify.info("no other object overlaps it on that side")

    def _copy(self) -> None:
        document, ids = self._selected()
        self._copied = [item for item in document.labels.objects.in_order() if item.id in ids]
        self._copied_from = document.key
        count = len(self._copied)
        self._session.notify.info(f"{count} object{'s' if count != 1 else ''} copied")

    def _paste(self) -> None:
        from segstudio.session import reshape

        document = self._session.document
        if document is None or not self._copied:
            raise UserError("nothing was copied", hint="select objects and press Ctrl+C")
        aside = self._aside() if document.key == self._copied_from else (0.0, 0.0)
        added = reshape.paste(document, self._copied, aside)
        if not added:
            raise UserError("nothing of what was copied lies on this image")
        self._session.view.set(mode="objects", selection=frozenset(added))

    def _duplicate(self) -> None:
        from segstudio.session import reshape

        document, ids = self._selected()
        self._session.view.set(selection=frozenset(reshape.duplicate(document, ids, self._aside())))

    # ── what they work on ────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def _in_objects(self) -> bool:
        return self._session.view.now.mode == "objects"

    def _selected(self) -> tuple[Document, frozenset[int]]:
        """The document and the selection; raises `UserError` where there is none."""
        document, view = self._session.document, self._session.view.now
        if document is None:
            raise UserError("no image is open")
        if view.mode != "objects":
            raise UserError("this works on objects", hint="press M for object mode, then select with V")
        ids = frozenset(key for key in view.selection if key in document.labels.objects)
        if not ids:
            raise UserError("nothing is selected", hint="select objects with the select tool (V)")
        return document, ids

    def _region(self, name: str, change: Callable[[Mask], Mask], *, margin: int) -> None:
        from segstudio.session import reshape

        document, point = self._session.document, self._window.canvas.cursor_image_point()
        found = region_at(document.labels, *point) if document is not None and point is not None else None
        if document is None or found is None:
            raise UserError("there is no labelled region under the cursor")
        view = self._session.view.now
        self._session.live.mark()

        def paint(stroke: Stroke, rect: Rect, mask_hw: Mask, segment_id: int) -> None:
            fill_mask(stroke, rect, mask_hw, segment_id, view)

        reshape.reshape_region(document, found.rect, found.mask_hw, name, change, paint, margin)

    def _aside(self) -> tuple[float, float]:
        canvas = self._window.canvas
        aside = float(max(1, round(_ASIDE * canvas.devicePixelRatioF() / canvas.viewport_now.scale)))
        return aside, aside

    def _points(self, document: Document, ids: frozenset[int]) -> int:
        items = (document.labels.objects.get(key) for key in ids)
        return sum(getattr(item.shape, "num_points", 0) for item in items if item is not None)

    def _try(self, call: Callable[[], object]) -> None:
        try:
            call()
        except UserError as error:
            self._session.notify.fault(error)
