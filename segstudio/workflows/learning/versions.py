"""The versions of a project's own networks and forests: files, and what is known of them, in a folder beside it."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.settings.folders import data_directory
from segstudio.store.place import Place, TeamAddress
from segstudio.workflows.learning.request import FOREST

KEPT = 5
"""How many versions stay; older ones make room, their predictions in the project remain."""
_NAME = re.compile(r"v(\d+)")


@dataclass(frozen=True, slots=True)
class Version:
    """One accepted network or forest. `name` is "v3"; the run that predicts with it is called `run`.

    `miou` and `before` are fractions on the images that were held out then: of this version, and of what was in use
    before it (None: nothing was). `start` says what the training began from; `parent` names the version, if it was one.
    """

    name: str
    model: str
    miou: float
    classes: ClassSet
    before: float | None = None
    parent: str = ""
    start: str = "scratch"
    when: str = ""
    train_images: int = 0
    held_out_images: int = 0
    epochs: int = 0
    seconds: float = 0.0
    sha256: str = ""
    class_iou: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def run(self) -> str:
        """As `session.prediction_results.Run` names a model with a file of weights."""
        return f"{self.model}@{self.name}"

    @property
    def number(self) -> int:
        return number_of(self.name)

    def to_json(self) -> dict[str, Any]:
        """The document beside the weights."""
        return {**asdict(self), "classes": self.classes.to_json(), "class_iou": dict(self.class_iou)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any], *, where: str) -> Version:
        """Raises `UserError` for what `to_json` did not write."""
        try:
            known = {key: document[key] for key in cls.__dataclass_fields__ if key in document}
            return cls(**{**known, "classes": ClassSet.from_json(document["classes"], where=where)})
        except (KeyError, TypeError) as error:
            raise UserError(f"{where}: not the description of a version: {error}") from None


@dataclass(frozen=True, slots=True)
class Split:
    """The keys that earlier rounds held out, and those that they trained on."""

    held_out: frozenset[str] = frozenset()
    trained: frozenset[str] = frozenset()


class Versions:
    """The versions in one folder: `v3.safetensors` (or `v3.npz`), `v3.json`, `v3.curve.jsonl`; the round under way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of(cls, project: Place) -> Versions:
        """Those of a project: `town.segproj` has them in `town.learn`.

        Of a team's project each machine keeps its own, in the program's data folder; what they predicted is in the
        project, for all to see.
        """
        if isinstance(project, TeamAddress):
            where = f"{project.host} {project.port} {dict(project.options).get('host', '')} {project.database}"
            digest = hashlib.sha256(f"{where} {project.project}".encode()).hexdigest()[:10]
            return cls(data_directory() / "projects" / f"{project.project}-{digest}.learn")
        return cls(project.with_suffix(".learn"))

    @property
    def state_file(self) -> Path:
        """From which an interrupted round goes on."""
        return self.folder / "round.safetensors"

    @property
    def curve_file(self) -> Path:
        """The curve of the round under way, one JSON object a line."""
        return self.folder / "round.curve.jsonl"

    @property
    def split_file(self) -> Path:
        """Which images were held out and which were trained on, in any round."""
        return self.folder / "split.json"

    @property
    def history_file(self) -> Path:
        """One JSON object for each round that ended, whether its network was accepted or not."""
        return self.folder / "rounds.jsonl"

    def weights(self, name: str) -> Path:
        """The file of a version: a network's weights, or a forest's arrays."""
        arrays = self.folder / f"{name}.npz"
        return arrays if arrays.is_file() else self.folder / f"{name}.safetensors"

    def place(self, name: str, model: str) -> Path:
        """Where a new version of a model is to be written; its folder is there."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise EnvironmentFault(f"{self.folder}: cannot be written: {error.strerror or error}") from None
        return self.folder / f"{name}{'.npz' if model == FOREST else '.safetensors'}"

    def all(self) -> list[Version]:
        """Oldest first; one whose files are damaged or gone is left out."""
        found = []
        for path in self.folder.glob("v*.json") if self.folder.is_dir() else []:
            try:
                document = json.loads(path.read_text(encoding="utf-8"))
                version = Version.from_json(document, where=str(path))
            except (OSError, ValueError, UserError):
                continue
            if _NAME.fullmatch(version.name) and self.weights(version.name).is_file():
                found.append(version)
        return sorted(found, key=lambda version: version.number)

    def latest(self, model: str | None = None) -> Version | None:
        """The newest, or the newest of one model."""
        return next((one for one in reversed(self.all()) if model in (None, one.model)), None)

    def next_name(self, runs: Iterable[str] = ()) -> str:
        """A name that neither a version nor a run of the project ever had."""
        names = [path.name.partition(".")[0] for path in self.folder.glob("v*")] if self.folder.is_dir() else []
        names += [run.rpartition("@")[2] for run in runs]
        names += [str(row.get("version", "")) for row in self.rounds()]
        return f"v{1 + max([number_of(name) for name in names], default=0)}"

    def add(self, version: Version) -> None:
        """Describe weights that are there already; the oldest of more than `KEPT` go."""
        write_text(self.folder / f"{version.name}.json", json.dumps(version.to_json(), indent=1) + "\n")
        for old in self.all()[:-KEPT]:
            self.delete(old.name)

    def delete(self, name: str) -> None:
        """Take a version away; what it predicted stays in the project. Raises `EnvironmentFault`."""
        try:
            for path in (self.folder / f"{name}.json", self.weights(name), self.folder / f"{name}.curve.jsonl"):
                path.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFault(f"{self.folder / name}: cannot be removed: {error.strerror}") from None

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds that ended, oldest first."""
        return read_lines(self.history_file)

    def note_round(self, row: Mapping[str, Any]) -> None:
        """Add one to `rounds`."""
        write_text(self.history_file, "".join(json.dumps(one) + "\n" for one in [*self.rounds(), dict(row)]))

    def split(self) -> Split:
        """What earlier rounds held out and trained on; nothing where that is not known."""
        try:
            document = json.loads(self.split_file.read_text(encoding="utf-8"))
            return Split(frozenset(map(str, document["held_out"])), frozenset(map(str, document["trained"])))
        except (OSError, ValueError, KeyError, TypeError):
            return Split()

    def note_split(self, *, held_out: Iterable[str], trained: Iterable[str]) -> None:
        """Remember those of a round beside those before it."""
        earlier = self.split()
        rows = {"held_out": earlier.held_out.union(held_out), "trained": earlier.trained.union(trained)}
        write_text(self.split_file, json.dumps({name: sorted(keys) for name, keys in rows.items()}, indent=1) + "\n")

    def curve(self, name: str = "") -> list[dict[str, Any]]:
        """The epochs of a version's training, or of the round under way."""
        return read_lines(self.folder / f"{name}.curve.jsonl" if name else self.curve_file)

    def keep_curve(self, name: str) -> None:
        """The curve of the round under way becomes that of the version; a forest has none."""
        if self.curve_file.is_file() and self.weights(name).suffix == ".safetensors":
            os.replace(self.curve_file, self.folder / f"{name}.curve.jsonl")

    def forget_round(self) -> None:
        """Give up what an interrupted round could go on from."""
        try:
            self.state_file.unlink(missing_ok=True)
            self.curve_file.unlink(missing_ok=True)
        except OSError as error:
            raise EnvironmentFault(f"{self.folder}: cannot be written: {error.strerror}") from None


def number_of(name: str) -> int:
    """3 of "v3"; 0 of anything else."""
    found = _NAME.fullmatch(name)
    return int(found.group(1)) if found else 0


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON objects of a file of lines; one that a crash cut off is left out."""
    rows = []
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            rows.append(dict(json.loads(line)))
    except (OSError, ValueError, TypeError):
        return rows
    return rows


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all. Raises `EnvironmentFault`."""
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be written: {error.strerror or error}") from None
