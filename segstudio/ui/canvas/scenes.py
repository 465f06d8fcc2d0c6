"""From the document and the view to the scene that the compositor draws: which layers, in which order and colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from segstudio.core.class_set import IGNORED, Color
from segstudio.core.geometry import Rect
from segstudio.core.layer import LABELS, TRUTH, Layer
from segstudio.core.transaction import Changes
from segstudio.metrics.errors_map import all_classes_error_map, class_error_map
from segstudio.render.lut import (
    ColorOptions,
    ColorTable,
    NumberColors,
    Palette,
    confidence_table,
    error_table,
    gap_table,
    kind_table,
)
from segstudio.render.object_raster import ObjectRaster
from segstudio.render.origin_colors import origin_table
from segstudio.render.scene import ErrorLayer, RasterLayer, Scene
from segstudio.render.tone import Tone, tone_of
from segstudio.session.document import Document
from segstudio.session.edits.object_view import undrawn
from segstudio.session.inspect.judged import judged_layer
from segstudio.session.view import View

_BESIDE = 0.4
"""How strongly the labels' raster is drawn while one works on objects, as a part of its opacity."""


class SceneSource:
    """Makes scenes of one document, and keeps what is dear to make: colour tables and rasters of objects."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._objects: dict[str, tuple[Layer, ObjectRaster]] = {}
        self._colors: dict[str, tuple[object, NumberColors]] = {}
        self._tables: dict[str, tuple[object, ColorTable]] = {}
        self._shown_as: tuple[object, Tone | None] | None = None
        self._chosen: tuple[object, frozenset[int]] | None = None
        self._index: tuple[object, NDArray[np.uint8] | NDArray[np.uint16]] | None = None

    def objects(self, name: str = LABELS) -> ObjectRaster:
        """The objects of a layer as a raster, and their index by place."""
        layer = self._document.layer(name)
        kept = self._objects.get(name)
        if kept is None or kept[0] is not layer:
            kept = self._objects[name] = layer, ObjectRaster(layer.size_hw, layer.objects)
        return kept[1]

    @property
    def size_hw(self) -> tuple[int, int]:
        return self._document.size_hw

    @property
    def state(self) -> object:
        """Changes when the labels' objects need another colour table or are drawn for the first time."""
        kept = self._objects.get(LABELS)
        return len(self._document.labels.objects) > 0, kept[1].version if kept is not None else -1

    def bounds_of(self, object_ids: Iterable[int]) -> list[Rect]:
        """The rectangles of objects of the labels; unknown ids are left out."""
        found = (self._document.labels.objects.get(key) for key in object_ids)
        return [item.bounds().grown(1) for item in found if item is not None]

    def paint_objects(self, area: Rect, seconds: float) -> list[Rect]:
        """Go on drawing objects of `area` into their rasters for about so long; returns what was drawn."""
        return [rect for _, raster in self._objects.values() for rect in raster.paint_tiles(area, seconds)]

    def has_objects_to_paint(self, area: Rect) -> bool:
        """Whether objects of `area` are still to be drawn."""
        return not all(raster.is_painted(area) for _, raster in self._objects.values())

    def follow(self, changes: Changes) -> None:
        """Bring the objects of a changed layer up to date."""
        kept = self._objects.get(changes.layer)
        if kept is not None and changes.objects:
            kept[1].update(kept[0].objects, changes.objects, changes.object_area)

    def scene(self, view: View, *, background: Color, outline_px: int = 1) -> Scene:
        """What is to be seen now; `outline_px` is the outlines' width in device pixels."""
        document = self._document
        layers: list[RasterLayer | ErrorLayer] = []
        if not (view.bare or view.overlays_hidden):
            special = self._special(view)
            if special is not None:
                layers.append(special)
            else:
                for name in reversed(document.layer_names):
                    if view.shown.get(name, True):
                        layers.extend(self._layers(name, view, outline_px))
                if view.gaps and view.mode == "semantic":
                    layers.append(RasterLayer(document.labels.raster.ids_hw, gap_table()))
        tone = self._tone(view)
        return Scene(document.size_hw, document.pyramid, tone, tuple(layers), background, view.pixel_grid)

    def _tone(self, view: View) -> Tone | None:
        photo = self._document.pyramid
        wanted = view.brightness, view.contrast, view.gamma, view.channels, view.tone_percent
        if self._shown_as is None or self._shown_as[0] != (photo, wanted):
            brightness, contrast, gamma, channels, percent = wanted
            tone = tone_of(
                photo, brightness=brightness, contrast=contrast, gamma=gamma, channels=channels, percent=percent
            )
            self._shown_as = (photo, wanted), tone
        return self._shown_as[1]

    def _special(self, view: View) -> RasterLayer | ErrorLayer | None:
        countable = 1 <= self._document.class_set.num_classes <= IGNORED
        if view.errors and countable and self._document.truth_index_hw is not None:
            if view.error_kinds and self._document.error_kinds is not None:
                return RasterLayer(self._document.error_kinds, kind_table(hidden=view.hidden_error_kinds))
            return self._errors(view)
        if view.origins and self._document.origin_kinds is not None:
            return RasterLayer(self._document.origin_kinds, origin_table())
        if view.heat_map:
            for name in reversed(list(self._document.predictions)):
                confidence_hw = self._document.predictions[name].confidence_hw
                if confidence_hw is not None and view.shown.get(name, True):
                    return RasterLayer(confidence_hw, confidence_table(opacity=view.opacity.get(name, 0.6)))
        return None

    def _errors(self, view: View) -> ErrorLayer:
        document, class_set = self._document, self._document.class_set
        layer = judged_layer(document, view)
        key = layer, layer.segments.version, class_set
        if self._index is None or self._index[0] != key:
            self._index = key, layer.segments.index_lut(class_set)
        chosen = class_set.index_of.get(view.error_class, IGNORED) if view.error_class is not None else IGNORED
        if chosen < IGNORED:
            code = partial(class_error_map, class_index=chosen)
        else:
            code = partial(all_classes_error_map, num_classes=class_set.num_classes)
        palette = error_table(palette=_palette(view))
        assert document.truth_index_hw is not None
        return ErrorLayer(document.truth_index_hw, layer.raster.ids_hw, self._index[1], code, palette)

    def _layers(self, name: str, view: View, outline_px: int) -> list[RasterLayer | ErrorLayer]:
        layer = self._document.layer(name)
        on_objects = view.mode == "objects"
        opacity = view.opacity.get(name, 0.55)
        drawn: list[RasterLayer | ErrorLayer] = []
        if name != TRUTH or not (on_objects and len(layer.objects)):
            # What is not being worked on stays visible, but steps back.
            share = _BESIDE if on_objects and (name == LABELS or len(layer.objects)) else 1.0
            options = self._options(view, opacity * share)
            table, labels = self._segment_table(layer, view, options), layer.raster
            drawn.append(RasterLayer(labels.ids_hw, table, outline_px, labels.drawn))
        if len(layer.objects) and (on_objects or name != TRUTH):
            raster = self.objects(name)
            if name == LABELS:
                raster.leave_out(undrawn(view, layer.objects))
            options = self._object_options(view, name, raster, opacity)
            drawn.append(RasterLayer(raster.slots_hw, self._object_table(name, raster, view, options), outline_px))
        return drawn

    def _options(self, view: View, opacity: float) -> ColorOptions:
        return ColorOptions(
            opacity=opacity,
            style=view.fill_style,
            hidden_classes=view.hidden_classes,
        )

    def _object_options(self, view: View, name: str, raster: ObjectRaster, opacity: float) -> ColorOptions:
        style = view.fill_style if view.mode == "objects" else "outline"
        hovered = raster.slot_of(view.hovered_object) if view.hovered_object is not None and name == LABELS else None
        slots = self._slots_of(view.selection, raster) if name == LABELS else frozenset()
        return ColorOptions(
            opacity=opacity,
            style=style,
            hidden_classes=view.hidden_classes,
            hovered=hovered,
            selected=slots,
            hatch_ignored=False,
        )

    def _slots_of(self, selection: frozenset[int], raster: ObjectRaster) -> frozenset[int]:
        """Looked up once for each selection: it may hold thousands."""
        key = selection, raster, raster.version
        if self._chosen is None or self._chosen[0] != key:
            found = (raster.slot_of(object_id) for object_id in selection)
            self._chosen = key, frozenset(slot for slot in found if slot is not None)
        return self._chosen[1]

    def _segment_table(self, layer: Layer, view: View, options: ColorOptions) -> ColorTable:
        def look_up() -> NumberColors:
            rows = [(s.id, s.class_id, s.instance) for s in layer.segments]
            return NumberColors.of(rows, self._document.class_set, palette=_palette(view))

        return self._table(layer.name, (layer.segments.version, layer), look_up, view, options)

    def _object_table(self, name: str, raster: ObjectRaster, view: View, options: ColorOptions) -> ColorTable:
        def look_up() -> NumberColors:
            class_set = self._document.class_set
            return NumberColors.of(raster.rows, class_set, color_by="instance", palette=_palette(view))

        return self._table(f"{name} objects", (raster.version, raster), look_up, view, options)

    def _table(
        self, name: str, version: object, look_up: Callable[[], NumberColors], view: View, options: ColorOptions
    ) -> ColorTable:
        key = version, self._document.class_set, view.colour_blind
        colors = self._colors.get(name)
        if colors is None or colors[0] != key:
            colors = self._colors[name] = key, look_up()
        kept = self._tables.get(name)
        if kept is None or kept[0] != (key, options):
            kept = self._tables[name] = (key, options), colors[1].table(options)
        return kept[1]


def _palette(view: View) -> Palette:
    return "color-blind" if view.colour_blind else "dataset"
