"""What was opened last, kept in the settings: the welcome page and the File menu offer it again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.session.notify import Notifier
from segstudio.store.place import Place, is_team_address, place_of

KEPT = 10


def recent_paths() -> list[Path]:
    """Newest first; they may have gone since."""
    from segstudio.settings import load_settings

    return [Path(text) for text in load_settings().recent if not is_team_address(text)]


def recent_places() -> list[Place]:
    """Files, folders and addresses of teams' projects, newest first."""
    from segstudio.settings import load_settings

    found: list[Place] = []
    for text in load_settings().recent:
        with suppress(UserError):  # an address that somebody wrote into the settings by hand
            found.append(place_of(text))
    return found


def remember(place: Place, notify: Notifier) -> None:
    """Put `place` first, an address without its password; a settings file that cannot be written is told."""
    from segstudio.settings import load_settings, save_settings

    settings = load_settings()
    full = str(place.absolute() if isinstance(place, Path) else place)
    others = tuple(text for text in settings.recent if text != full)
    try:
        save_settings(replace(settings, recent=(full, *others)[:KEPT]))
    except EnvironmentFault as fault:
        notify.fault(fault)
