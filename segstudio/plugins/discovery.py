"""Which plugins there are: bundled with the program, installed as packages, or in the user's plugin folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import platformdirs

from segstudio.core.errors import UserError
from segstudio.core.manifest import PluginManifest, read_manifest
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.registry import EXTRA_MODULES, ModelRegistry

ENTRY_POINTS = "segstudio.plugins"
"""The entry-point group; the value of an entry names the package whose folder holds the `plugin.toml`."""

Source = Literal["bundled", "package", "user"]


@dataclass(frozen=True, slots=True)
class FoundPlugin:
    """One plugin folder: its manifest, or what is wrong with it, and the extras it waits for."""

    source: Source
    folder: Path
    manifest: PluginManifest | None = None
    problem: str = ""

    @property
    def is_usable(self) -> bool:
        return self.manifest is not None and not self.problem


@dataclass(frozen=True, slots=True)
class Plugins:
    """Everything that was found, usable or not, in the order bundled, package, user."""

    found: tuple[FoundPlugin, ...] = field(default=())

    @property
    def usable(self) -> tuple[PluginManifest, ...]:
        return tuple(p.manifest for p in self.found if p.manifest is not None and p.is_usable)

    @property
    def problems(self) -> tuple[FoundPlugin, ...]:
        return tuple(p for p in self.found if p.problem)


def user_plugins_dir() -> Path:
    """The user's plugin folder; the variable `SEGSTUDIO_PLUGINS` moves it."""
    moved = os.environ.get("SEGSTUDIO_PLUGINS")
    return Path(moved) if moved else Path(platformdirs.user_data_dir("segstudio", appauthor=False)) / "plugins"


def discover(*, user_dir: Path | None = None) -> Plugins:
    """Read every manifest without importing any plugin; a broken one is kept with its problem and disables only
    itself. Of two plugins with one id the first counts.
    """
    found: list[FoundPlugin] = []
    ids: dict[str, Path] = {}
    for source, folder in _folders(user_plugins_dir() if user_dir is None else user_dir):
        plugin = _examine(source, folder)
        if plugin.manifest is not None:
            first = ids.setdefault(plugin.manifest.id, folder)
            if first != folder:
                problem = f"{folder}: a plugin {plugin.manifest.id!r} was already found in {first}"
                plugin = FoundPlugin(source, folder, plugin.manifest, problem)
        found.append(plugin)
    return Plugins(tuple(found))


def install(registry: ModelRegistry, plugins: Plugins | None = None) -> Plugins:
    """Offer the models of all found plugins in `registry`; returns what was found.

    Plugins that wait for an extra are installed too: the registry says "missing extra" for each of their models.
    """
    chosen = discover() if plugins is None else plugins
    for plugin in chosen.found:
        if plugin.manifest is None or plugin.folder in registry.folders or _is_duplicate(plugin, chosen):
            continue
        try:
            registry.add_plugin(plugin.manifest)
        except UserError as error:
            registry.problems[str(plugin.folder)] = str(error)
    return chosen


def _is_duplicate(plugin: FoundPlugin, plugins: Plugins) -> bool:
    same = (p for p in plugins.found if p.manifest and plugin.manifest and p.manifest.id == plugin.manifest.id)
    return next(same) is not plugin


def _examine(source: Source, folder: Path) -> FoundPlugin:
    try:
        manifest = read_manifest(folder)
    except UserError as error:
        return FoundPlugin(source, folder, None, str(error))
    for extra in manifest.requires:
        if any(find_spec(module) is None for module in EXTRA_MODULES.get(extra, (extra,))):
            what = f"segstudio[{extra}]" if extra in EXTRA_MODULES else extra
            return FoundPlugin(source, folder, manifest, f"needs: pip install {what}")
    return FoundPlugin(source, folder, manifest)


def _folders(user_dir: Path) -> Iterator[tuple[Source, Path]]:
    yield from (("bundled", folder) for folder in _inside(bundled_plugins_dir()))
    for entry in sorted(entry_points(group=ENTRY_POINTS), key=lambda e: e.name):
        spec = find_spec(entry.module.partition(".")[0])
        if spec is not None and spec.submodule_search_locations:
            home = Path(next(iter(spec.submodule_search_locations)))
            yield "package", home.joinpath(*entry.module.split(".")[1:])
    yield from (("user", folder) for folder in _inside(user_dir))


def _inside(home: Path) -> list[Path]:
    return sorted(path.parent for path in home.glob("*/plugin.toml")) if home.is_dir() else []
