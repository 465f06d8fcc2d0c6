"""Where a project lies: in a file of its own, or in a database that a team shares."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from segstudio.core.errors import UserError

SCHEMES = ("postgresql", "postgres")
DEFAULT_PROJECT = "segstudio"
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class TeamAddress:
    """A project in PostgreSQL: `postgresql://[person[:password]@]host[:port]/database[?project=name]`.

    Several projects share a database, each in a schema of its own, `project` (default "segstudio"). Other parameters
    are libpq's ("host" for a socket's folder, "sslmode", "passfile" …). `str` never shows the password.
    """

    user: str
    password: str
    host: str
    port: int | None
    database: str
    project: str
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def parse(cls, url: str) -> TeamAddress:
        """Raises `UserError` for what is not such an address."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            raise UserError("the port in the address of the database is not a number") from None
        given = dict(parse_qsl(parts.query))
        project = given.pop("project", DEFAULT_PROJECT)
        database = unquote(parts.path.lstrip("/"))
        if parts.scheme not in SCHEMES or not database:
            raise UserError(
                f"{parts.scheme}://{parts.hostname or ''}: not the address of a team's project",
                hint="write postgresql://person@host/database?project=name",
            )
        if not _NAME.fullmatch(project):
            raise UserError(f"{project!r} cannot be a project's name: use lower-case letters, digits and _")
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return cls(user, password, parts.hostname or "", port, database, project, tuple(sorted(given.items())))

    @property
    def name(self) -> str:
        """What the project is called in a title."""
        return self.project

    @property
    def url(self) -> str:
        """The address as it may be shown and remembered: without the password."""
        return str(self)

    @property
    def secret_url(self) -> str:
        """The whole address, password and options too: for a process of ours to open it, never to be shown or kept."""
        person = quote(self.user, safe="")
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        port = f":{self.port}" if self.port is not None else ""
        who = f"{person}{secret}@" if person or secret else ""
        options = urlencode([("project", self.project), *self.options])
        return f"postgresql://{who}{self.host}{port}/{quote(self.database, safe='')}?{options}"

    def __str__(self) -> str:
        user = f"{self.user}@" if self.user else ""
        host = self.host or dict(self.options).get("host", "")
        port = f":{self.port}" if self.port is not None else ""
        return f"postgresql://{user}{host}{port}/{self.database}?project={self.project}"


Place = Path | TeamAddress
"""Where a project lies."""


def full_address(place: Place) -> str:
    """What opens the place again in another process of ours; of a team's project with the password."""
    return place.secret_url if isinstance(place, TeamAddress) else str(place)


def is_team_address(text: str | os.PathLike[str]) -> bool:
    """Whether this names a database, not a file."""
    return str(text).startswith(tuple(f"{scheme}:/" for scheme in SCHEMES))


def place_of(where: str | Path | TeamAddress) -> Place:
    """The place that a person named. Raises `UserError` for a broken address."""
    if isinstance(where, TeamAddress):
        return where
    if is_team_address(where):
        # A path that was an address once has lost one of its slashes.
        return TeamAddress.parse(re.sub(r"^(\w+):/+", r"\1://", str(where)))
    return Path(os.path.abspath(where))
