"""Who works on which image of a team's project: one person at a time, and an edit of anybody else cannot get in.

A lease belongs to one opening of the project, told by its token. It is taken with the image, prolonged by every edit
and by the clock, and ends by itself where a machine goes away. All times are the server's.
"""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Float, cast, delete, func, insert, select, update

from segstudio.core.errors import EditConflict
from segstudio.store import schema
from segstudio.store.place import Place

LEASE_SECONDS = 120.0
"""So long after the last sign of life an image is free for others."""
_LEASE, _EDIT = schema.image_lease, schema.edit


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who works on an image: who, on which machine, and until when at least (UTC)."""

    person: str
    host: str
    until: datetime

    def __str__(self) -> str:
        return f"{self.person} on {self.host}"


@dataclass
class Leases:
    """What one opening of a team's project holds and knows. Safe from any thread."""

    place: Place
    person: str
    token: str = field(default_factory=lambda: uuid4().hex)
    _seen: dict[int, int] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def take(self, connection: Connection, owner: int) -> Holder | None:
        """Take an image; who has it, where somebody else does."""
        _lock_image(connection, owner)
        other = self._other(connection, owner)
        if other is None:
            self._put(connection, owner)
        return other

    def release(self, connection: Connection, owner: int) -> None:
        """Let an image go."""
        connection.execute(delete(_LEASE).where(_LEASE.c.image_id == owner, _LEASE.c.holder == self.token))

    def release_all(self, connection: Connection) -> None:
        connection.execute(delete(_LEASE).where(_LEASE.c.holder == self.token))

    def prolong(self, connection: Connection) -> None:
        """Say that this opening is alive."""
        values = {"until": _now() + LEASE_SECONDS}
        connection.execute(update(_LEASE).where(_LEASE.c.holder == self.token).values(values))

    def admit(self, connection: Connection, owner: int, key: str, edit_token: str) -> bool:
        """Make sure that this edit may be written now, and is not there yet; False where it is.

        Raises `EditConflict` where somebody else holds the image, or changed it since it was read here.
        """
        _lock_image(connection, owner)
        if connection.execute(select(_EDIT.c.id).where(_EDIT.c.token == edit_token)).first() is not None:
            return False  # it was committed, and only the answer was lost
        other = self._other(connection, owner)
        if other is not None:
            raise EditConflict(f"{self.place}: image {key!r} is being edited by {other}", key=key)
        mine = select(_LEASE.c.image_id).where(_LEASE.c.image_id == owner, _LEASE.c.holder == self.token)
        if connection.execute(mine).first() is None:
            with self._guard:
                seen = self._seen.get(owner)
            if seen is not None and seen != newest_edit(connection, owner):
                raise EditConflict(f"{self.place}: image {key!r} was changed by somebody else meanwhile", key=key)
        self._put(connection, owner)
        return True

    def saw(self, connection: Connection, owner: int) -> None:
        """Remember which state of an image is known here."""
        newest = newest_edit(connection, owner)
        with self._guard:
            self._seen[owner] = newest

    def _other(self, connection: Connection, owner: int) -> Holder | None:
        query = select(_LEASE, _now().label("now")).where(_LEASE.c.image_id == owner, _LEASE.c.holder != self.token)
        row = connection.execute(query).one_or_none()
        if row is None or row.until < row.now:
            return None
        return Holder(row.person, row.host, datetime.fromtimestamp(row.until, UTC))

    def _put(self, connection: Connection, owner: int) -> None:
        values = {
            "holder": self.token,
            "person": self.person,
            "host": socket.gethostname(),
            "until": _now() + LEASE_SECONDS,
        }
        changed = connection.execute(update(_LEASE).where(_LEASE.c.image_id == owner).values(values))
        if changed.rowcount == 0:
            connection.execute(insert(_LEASE).values({"image_id": owner, **values}))


def newest_edit(connection: Connection, owner: int) -> int:
    """The number of an image's newest edit; 0 before the first."""
    return int(connection.execute(select(func.max(_EDIT.c.id)).where(_EDIT.c.image_id == owner)).scalar() or 0)


def holders(connection: Connection) -> dict[str, Holder]:
    """Who works on which image now, by key."""
    image = schema.image
    query = select(image.c.key, _LEASE).join(image, image.c.id == _LEASE.c.image_id).where(_LEASE.c.until >= _now())
    return {
        row.key: Holder(row.person, row.host, datetime.fromtimestamp(row.until, UTC))
        for row in connection.execute(query)
    }


def _lock_image(connection: Connection, owner: int) -> None:
    """Let one transaction at a time touch an image: those that write it queue up here."""
    connection.execute(select(schema.image.c.id).where(schema.image.c.id == owner).with_for_update())


def _now() -> ColumnElement[float]:
    return cast(func.extract("epoch", func.clock_timestamp()), Float)
