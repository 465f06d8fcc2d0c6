"""Who works on which image, what reviewers said, and who did how much: `project.people`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol, TypeVar

from sqlalchemy import Connection

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store import image_leases, image_rows, layers, review_rows
from segstudio.store.image_leases import Holder, Leases
from segstudio.store.lane import WriterLane
from segstudio.store.place import Place, TeamAddress
from segstudio.store.review_rows import PersonWork, ReviewRow

T = TypeVar("T")


class Read(Protocol):
    """Answers a question in a transaction of its own."""

    def __call__(self, query: Callable[[Connection], T], /) -> T: ...


class People:
    """The people of a project. In a file of one person every image is free; a team's images are held one by one."""

    def __init__(self, place: Place, *, read: Read, writer: Callable[[], WriterLane], leases: Leases | None) -> None:
        self._place = place
        self._read = read
        self._writer = writer
        self._leases = leases

    @property
    def is_team(self) -> bool:
        """Whether several may write at once, each their own images."""
        return self._leases is not None

    def take(self, key: str) -> Holder | None:
        """Take an image to work on; who has it, where somebody else does. Always free in a file of one person."""
        leases = self._leases
        if leases is None:
            return None
        return self._writer().run(lambda c: leases.take(c, layers.image_id(c, key, self._place)))

    def release(self, key: str) -> None:
        """Let an image go; a server that does not answer lets it go by itself."""
        leases = self._leases
        if leases is not None:
            with suppress(EnvironmentFault, UserError):  # the lease runs out by itself
                self._writer().run(lambda c: leases.release(c, layers.image_id(c, key, self._place)))

    def holders(self) -> Mapping[str, Holder]:
        """Who works on which image now, by key."""
        return self._read(image_leases.holders) if isinstance(self._place, TeamAddress) else {}

    def review(self, key: str, status: str, *, person: str, comment: str = "") -> None:
        """Set an image's status and keep who said so, with the comment. Raises `UserError` for an unknown key."""

        def write(connection: Connection) -> None:
            image_rows.change(connection, key, {"status": status}, self._place)
            owner = layers.image_id(connection, key, self._place)
            review_rows.add(connection, owner, person=person, status=status, comment=comment)

        self._writer().run(write)

    def reviews(self, key: str | None = None) -> list[ReviewRow]:
        """What was said, oldest first, of one image or of all."""
        return self._read(lambda connection: review_rows.read(connection, self._place, key=key))

    def work(self) -> list[PersonWork]:
        """Everybody who edited or reviewed, by name."""
        return self._read(review_rows.work_by_person)
