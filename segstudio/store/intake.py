"""Images and labels that come in by the hundred thousand, while a person works on what is there: `project.intake`."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from segstudio.core.layer import Annotation
from segstudio.store import fact_rows, image_rows, layers, meta, origin_rows
from segstudio.store.image_rows import ImageRows
from segstudio.store.lane import WriterLane
from segstudio.store.origin_replay import Origin
from segstudio.store.people import Read
from segstudio.store.place import Place

_UNFINISHED = "intake"


class Intake:
    """What an import needs of a project beside `add_images`. Safe from any thread."""

    def __init__(self, place: Place, *, read: Read, writer: Callable[[], WriterLane]) -> None:
        self._place = place
        self._read = read
        self._writer = writer

    @property
    def is_unfinished(self) -> bool:
        """Whether the data set that the project was made from has not been taken in to its end yet."""
        return bool(self._read(lambda connection: meta.get(connection, _UNFINISHED, self._place)))

    def note_unfinished(self, unfinished: bool) -> None:
        """Say so, or that it has been: what a crash interrupts goes on at the next opening."""
        self._writer().run(lambda connection: meta.put(connection, _UNFINISHED, unfinished))

    def rows_after(self, known: ImageRows) -> ImageRows:
        """`known`, followed by the images that were added since."""
        return self._read(lambda connection: image_rows.read_after(connection, known))

    def save(
        self, layer_name: str, annotations: Sequence[tuple[str, Annotation]], *, origin: Origin | None = None
    ) -> list[str]:
        """Store the layer of many images, by key, in one transaction, and their sizes; returns the keys of those.

        `origin` says where these labels come from. An image that has such a layer already keeps it.
        """

        def write(connection: Connection) -> list[str]:
            return [key for key, one in annotations if self._save(connection, key, layer_name, one, origin)]

        return self._writer().run(write)

    def _save(
        self, connection: Connection, key: str, layer_name: str, annotation: Annotation, origin: Origin | None
    ) -> bool:
        if layers.find(connection, key, layer_name) is not None:
            return False
        owner = layers.image_id(connection, key, self._place)
        fact_rows.forget(connection, owner, layer_name)
        if origin is not None:
            origin_rows.begin(connection, owner, layer_name, origin)
        layers.save(connection, owner, layers.head_of(layer_name, annotation, locked=False, run=""), annotation)
        size = image_rows.columns_of(size_hw=annotation.size_hw)
        image_rows.change(connection, key, size, self._place)
        return True
