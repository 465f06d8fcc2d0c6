"""Which models there are: names from plugin manifests, cards on demand, and the builders behind them.

The plugins room lies above this one, so a registry never asks it anything: it reads the manifests of the folders that
it is given, by default those that ship with the program; `segstudio.plugins.discovery` adds the folders found
elsewhere. The list of folders is also all that the model host's child process needs to know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from segstudio.core.errors import UserError
from segstudio.core.manifest import Offer, PluginManifest, read_manifest
from segstudio.core.plugin_code import load_attribute
from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.card import ModelCard
from segstudio.models.own import install_own_models
from segstudio.models.places import find_weights

State = Literal["works", "weights needed", "missing extra", "not yet"]

EXTRA_MODULES = {
    "transformers": ("transformers",),
    "smp": ("segmentation_models_pytorch", "timm"),
    "onnx": ("onnxruntime",),
    "learn": ("sklearn",),
}
"""The modules that each optional extra of the package brings."""


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """Whether a model can run on this machine now, and what to do where it cannot."""

    state: State
    note: str = ""


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One `[[models]]` row: who offers the model and where its card and builder are."""

    plugin: PluginManifest
    offer: Offer

    @property
    def name(self) -> str:
        return self.offer.name

    def load(self, key: str) -> Any:
        """The object behind one of the row's dotted names."""
        return load_attribute(self.plugin.folder, self.plugin.id, self.offer.code[key])


class ModelRegistry:
    """Models by name. Cards are loaded when first asked for; builders only where torch may be imported."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self._entries: dict[str, ModelEntry] = {}
        self._cards: dict[str, ModelCard] = {}
        self._folders: list[Path] = []
        self.problems: dict[str, str] = {}
        for folder in folders:
            self.add_folder(folder)

    @property
    def folders(self) -> tuple[Path, ...]:
        """The plugin folders whose models are here, in the order in which they came."""
        return tuple(self._folders)

    def add_folder(self, folder: Path) -> None:
        """Offer the models of one plugin folder; a broken one lands in `problems` and costs nobody else anything."""
        try:
            self.add_plugin(read_manifest(folder))
        except UserError as error:
            self.problems[str(folder)] = str(error)

    def add_plugin(self, manifest: PluginManifest) -> None:
        """Offer a plugin's models. Raises `UserError`, and adds none of them, where a name is taken already."""
        entries = [ModelEntry(manifest, offer) for offer in manifest.of("models")]
        names = [*self._entries, *(entry.name for entry in entries)]
        for entry in entries:
            if names.count(entry.name) > 1:
                raise UserError(f"plugin {manifest.id!r}: there is a model {entry.name!r} already")
            if "card" not in entry.offer.code:
                raise UserError(f"plugin {manifest.id!r}: model {entry.name!r} has no card")
        self._entries.update({entry.name: entry for entry in entries})
        if manifest.folder not in self._folders:
            self._folders.append(manifest.folder)

    def offer_as(self, card: ModelCard, runtime: str) -> None:
        """Offer a card that no plugin has, run by the code of the model `runtime`; replaces one of the same name."""
        entry = self.entry(runtime)
        self._entries[card.name] = ModelEntry(entry.plugin, Offer(card.name, entry.offer.code, entry.offer.extra))
        self._cards[card.name] = card

    def withdraw(self, name: str) -> None:
        """Take back what `offer_as` offered."""
        del self._entries[name], self._cards[name]

    def names(self) -> list[str]:
        """All names in alphabetical order."""
        return sorted(self._entries)

    def __contains__(self, name: str) -> bool:
        return name in self._entries

    def entry(self, name: str) -> ModelEntry:
        """Raises `UserError` that lists similar names where there is no such model."""
        try:
            return self._entries[name]
        except KeyError:
            part, known = name.split("-")[0], self.names()
            similar = [one for one in known if part and part in one][:8] or get_close_matches(name, known, 4)
            hint = f"known: {', '.join(similar)}" if similar else "`segstudio models` lists those that are known"
            raise UserError(f"there is no model {name!r}", hint=hint) from None

    def card(self, name: str) -> ModelCard:
        """The card of a model. Raises `UserError` where there is none or the plugin's code is broken."""
        entry = self.entry(name)
        if name not in self._cards:
            card = entry.load("card")
            if not isinstance(card, ModelCard) or card.name != name:
                raise UserError(f"plugin {entry.plugin.id!r}: {entry.offer.code['card']} is not the card of {name!r}")
            self._cards[name] = card
        return self._cards[name]

    def cards(self, task: str | None = None) -> list[ModelCard]:
        """Every card that loads, by name; those that do not are noted in `problems`."""
        cards = []
        for name in self.names():
            try:
                card = self.card(name)
            except UserError as error:
                self.problems[name] = str(error)
                continue
            if task is None or card.task == task:
                cards.append(card)
        return cards

    def builder(self, name: str) -> Callable[..., Any]:
        """The function `build(num_classes=None, **options)` that makes the network; importing it imports torch."""
        entry = self.entry(name)
        missing = self.missing_extra(name)
        if missing:
            raise UserError(f"{name} needs the extra {missing!r}", hint=f"pip install segstudio[{missing}]")
        if "predictor" in entry.offer.code:
            raise UserError(
                f"{name} answers prompts", hint="use it with the tool AI points; it does not run over images"
            )
        if "build" not in entry.offer.code:
            raise UserError(f"{name} is known by its card only: its network is not written yet")
        build: Callable[..., Any] = entry.load("build")
        return build

    def missing_extra(self, name: str) -> str:
        """The first extra that the model needs and this machine lacks, "" where nothing is missing."""
        needed = dict.fromkeys((*self.entry(name).plugin.requires, *self.card(name).requires))
        for extra in needed:
            if any(find_spec(module) is None for module in EXTRA_MODULES.get(extra, (extra,))):
                return extra
        return ""

    def status(self, name: str) -> ModelStatus:
        """Whether the model can run here and now."""
        entry, card = self.entry(name), self.card(name)
        if not entry.offer.code.keys() & {"build", "predictor"}:
            return ModelStatus("not yet", "known by its card only")
        missing = self.missing_extra(name)
        if missing:
            return ModelStatus("missing extra", f"needs: pip install segstudio[{missing}]")
        if card.runs_without_weights or any(find_weights(entry.plugin.folder, w) for w in card.weights):
            return ModelStatus("works")
        if any(w.folder for w in card.weights):
            return ModelStatus(
                "weights needed", "taken by hand from the page that the card names, or given as a folder"
            )
        if any(not w.is_bundled for w in card.weights):
            return ModelStatus("weights needed", "can be downloaded, or given as a file")
        return ModelStatus("weights needed", "give a file of weights")


@cache
def default_registry() -> ModelRegistry:
    """The registry of the plugins that ship with the program, and of the person's own models; the composition root adds
    the plugins found elsewhere.
    """
    home = bundled_plugins_dir()
    folders = sorted(path.parent for path in home.glob("*/plugin.toml")) if home.is_dir() else []
    registry = ModelRegistry(folders)
    install_own_models(registry)
    return registry
