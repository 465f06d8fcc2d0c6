"""What is under the cursor, in words for the status line."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from segstudio.core.layer import LABELS, Layer
from segstudio.core.raster import UNLABELLED
from segstudio.session.document import Document


@dataclass(frozen=True, slots=True)
class Pointed:
    """A pixel of the image: where it is, its colour, and what each layer says about it (layer name → class name).

    `samples` are the stored values of a picture that is not 8-bit RGB; else it is empty.
    """

    x: int
    y: int
    rgb: tuple[int, int, int]
    classes: dict[str, str]
    samples: tuple[int, ...] = ()

    @property
    def text(self) -> str:
        red, green, blue = self.rgb
        says = [
            name if layer == LABELS else f"{layer.partition(':')[2] or layer}: {name}"
            for layer, name in self.classes.items()
        ]
        said = f"value {' '.join(map(str, self.samples))}" if self.samples else f"RGB {red} {green} {blue}"
        return " · ".join([f"x {self.x}  y {self.y}", said, *says])


def pointed_at(document: Document, x: float, y: float) -> Pointed | None:
    """What lies under the image point; None beyond the image."""
    column, row = floor(x), floor(y)
    if not document.labels.raster.bounds.holds(column, row):
        return None
    red, green, blue = (int(value) for value in document.pyramid.image_hwc[row, column])
    classes = {}
    for name in document.layer_names:
        said = class_name_at(document, document.layer(name), column, row)
        if said:
            classes[name] = said
    photo = document.pyramid
    samples = () if photo.is_plain else tuple(int(value) for value in photo.samples[row, column].reshape(-1))
    return Pointed(column, row, (red, green, blue), classes, samples)


def class_name_at(document: Document, layer: Layer, column: int, row: int) -> str:
    """The name of the class that the layer's raster gives a pixel; "" where it is unlabelled."""
    number = int(layer.raster.ids_hw[row, column])
    segment = layer.segments.get(number) if number != UNLABELLED else None
    if segment is None:
        return ""
    known = document.class_set.by_id.get(segment.class_id)
    name = known.name if known is not None else f"class {segment.class_id}"
    return f"{name} #{segment.instance}" if segment.instance else name
