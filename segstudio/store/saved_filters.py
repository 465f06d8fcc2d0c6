"""The questions of the query language that were given a name."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from segstudio.store import meta
from segstudio.store.place import Place

_KEY = "saved_filters"


def read(connection: Connection, place: Place) -> Mapping[str, str]:
    """The questions as text, by name."""
    return meta.get(connection, _KEY, place) or {}


def put(connection: Connection, name: str, query: str | None, place: Place) -> None:
    """Keep a question under a name; None forgets it."""
    kept = dict(meta.get(connection, _KEY, place, to_change=True) or {})
    kept.pop(name, None)
    meta.put(connection, _KEY, kept if query is None else {**kept, name: query})
