"""The settings file: TOML that holds only what differs from the defaults, replaced whole or not at all."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import tomllib
from pathlib import Path
from typing import Any

import platformdirs

from segstudio.core.errors import EnvironmentFault
from segstudio.settings.schema import SPECS, Settings, Value

_LOG = logging.getLogger(__name__)


def settings_path() -> Path:
    """Where the settings lie: `$SEGSTUDIO_CONFIG`, else the system's folder for a person's settings."""
    moved = os.environ.get("SEGSTUDIO_CONFIG")
    folder = Path(moved) if moved else Path(platformdirs.user_config_dir("segstudio", appauthor=False))
    return folder / "settings.toml"


def load_settings(path: Path | None = None) -> Settings:
    """The settings as they are chosen; what does not fit is logged and stands at its default."""
    settings, problems = read_settings(path)
    for problem in problems:
        _LOG.warning("%s", problem)
    return settings


def read_settings(path: Path | None = None) -> tuple[Settings, list[str]]:
    """The settings and, in one line each, what in the file did not fit and stands at its default."""
    path = path or settings_path()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings(), []
    except (OSError, ValueError) as error:
        return Settings(), [f"{path}: cannot be read as settings: {error}"]
    chosen: dict[str, Any] = {}
    problems = []
    for name, value in document.items():
        if name not in SPECS:
            problems.append(f"{path}: there is no setting {name!r}")
            continue
        try:
            chosen[name] = SPECS[name].checked(value)
        except ValueError as error:
            problems.append(f"{path}: {name} {error}")
    return Settings(**chosen), problems


def save_settings(settings: Settings, path: Path | None = None) -> None:
    """Write what differs from the defaults; settings that this program does not know stay in the file.

    Raises `ValueError` for a value outside its range (a bug of the caller), `EnvironmentFault` where the file cannot
    be written; the old file stays then.
    """
    path = path or settings_path()
    values = {name: spec.checked(getattr(settings, name)) for name, spec in SPECS.items()}
    overrides = {name: value for name, value in values.items() if value != SPECS[name].default}
    lines = [f"{name} = {_toml(value)}\n" for name, value in {**overrides, **_unknown(path)}.items()]
    _replace_file(path, "".join(lines))


def _unknown(path: Path) -> dict[str, Value]:
    """What a newer program may have written; tables are beyond this file's form and are let go."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    simple = (bool, int, float, str)
    return {name: value for name, value in document.items() if name not in SPECS and isinstance(value, simple)}


def _toml(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # a JSON string is a TOML basic string
    return repr(value)


def _replace_file(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".settings-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFault(f"{path}: the settings cannot be written: {error.strerror}") from None
