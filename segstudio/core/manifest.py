"""What a plugin folder offers, read from its `plugin.toml` without importing any of its code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segstudio.core.errors import UserError

API_VERSION = 1
"""The version of `segstudio.plugins.api` that this program offers; a manifest names the one it was written for."""

OFFERS = ("models", "formats", "tools", "metrics", "commands")
"""The tables that a manifest may hold, each an array of offers."""

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


@dataclass(frozen=True, slots=True)
class Offer:
    """One row of a manifest: its name and the dotted names (module and attribute, relative to the plugin's folder) of
    what stands behind it, by key; texts and lists that are no code are in `extra`.
    """

    name: str
    code: Mapping[str, str]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PluginManifest:
    """A plugin as it describes itself. `requires` names the extras or packages without which its code cannot load."""

    id: str
    version: str
    folder: Path
    title: str = ""
    requires: tuple[str, ...] = ()
    offers: Mapping[str, tuple[Offer, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[Offer, ...]:
        """The offers of one of the kinds in `OFFERS`."""
        return self.offers.get(kind, ())


def read_manifest(folder: Path) -> PluginManifest:
    """Read `folder/plugin.toml`.

    Raises `UserError` naming the file where it is missing, is not TOML, was written for another API or offers something
    that this program does not know.
    """
    path = folder / "plugin.toml"
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a plugin manifest: {error}") from None
    api = document.get("api")
    if api != API_VERSION:
        raise UserError(f"{path}: written for plugin API {api}, this program offers {API_VERSION}")
    plugin_id = document.get("id")
    if not isinstance(plugin_id, str) or not _ID.fullmatch(plugin_id):
        raise UserError(f"{path}: id {plugin_id!r} is not a name in kebab case")
    known = {"id", "version", "api", "title", "requires", *OFFERS}
    unknown = sorted(set(document) - known)
    if unknown:
        raise UserError(f"{path}: unknown entry {unknown[0]!r}", hint=f"known: {', '.join(sorted(known))}")
    requires = document.get("requires", [])
    if not isinstance(requires, list) or not all(isinstance(name, str) for name in requires):
        raise UserError(f"{path}: requires is not a list of names")
    return PluginManifest(
        plugin_id,
        str(document.get("version", "0")),
        folder,
        str(document.get("title", plugin_id)),
        tuple(requires),
        {kind: _offers(document.get(kind, []), f"{path}: [[{kind}]]") for kind in OFFERS},
    )


def _offers(rows: Any, where: str) -> tuple[Offer, ...]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UserError(f"{where} is not an array of tables")
    return tuple(_offer(row, where) for row in rows)


def _offer(row: Mapping[str, Any], where: str) -> Offer:
    name = row.get("name")
    if not isinstance(name, str) or not name:
        raise UserError(f"{where}: a row has no name")
    code, extra = {}, {}
    for key, value in row.items():
        if key == "name":
            continue
        if isinstance(value, str) and _DOTTED.fullmatch(value):
            code[key] = value
        else:
            extra[key] = value
    return Offer(name, code, extra)
