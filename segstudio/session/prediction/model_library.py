"""The models that a person can choose from: their cards and states, weights that are fetched, figures measured here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.event import Event
from segstudio.session.jobs import Job

if TYPE_CHECKING:
    from segstudio.models.card import ModelCard, WeightsEntry
    from segstudio.models.registry import ModelRegistry, ModelStatus
    from segstudio.session.session import Session

_REPEAT = 7


@dataclass(frozen=True, slots=True)
class Measured:
    """What this machine needs for one image with a model of random weights."""

    size_hw: tuple[int, int]
    device: str
    median_ms: float
    p95_ms: float
    gmacs: float
    parameters: int
    peak_bytes: int | None

    @property
    def fps(self) -> float:
        return 1000 / self.median_ms


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the browser."""

    card: ModelCard
    status: ModelStatus
    measured: Measured | None = None


class ModelLibrary:
    """Follows the registry; imports no network code. `changed` is emitted when a card, a state or a figure changes."""

    def __init__(self, session: Session) -> None:
        self.changed: Event[None] = Event()
        self._session = session
        self._measured: dict[str, Measured] | None = None

    def rows(self) -> list[ModelRow]:
        """Every known model by its title, those that run here first."""
        order = {"works": 0, "weights needed": 1, "missing extra": 2, "not yet": 3}
        registry, measured = self._registry(), self._figures()
        rows = [ModelRow(card, registry.status(card.name), measured.get(card.name)) for card in registry.cards()]
        return sorted(rows, key=lambda row: (order.get(row.status.state, 9), row.card.title.casefold()))

    def place_of(self, card: ModelCard, entry: WeightsEntry) -> Path:
        """Where a weights file lies or would lie, for those who bring it by hand."""
        from segstudio.models.places import weights_path

        return weights_path(self._registry().entry(card.name).plugin.folder, entry)

    def has(self, card: ModelCard, entry: WeightsEntry) -> bool:
        """Whether these weights are on this machine."""
        from segstudio.models.places import find_weights

        return find_weights(self._registry().entry(card.name).plugin.folder, entry) is not None

    def fetch(self, card: ModelCard, entry: WeightsEntry) -> Job:
        """Download weights, going on where an earlier attempt stopped; the job has progress and can be cancelled."""
        folder = self._registry().entry(card.name).plugin.folder

        def work(job: Job) -> Path:
            from segstudio.models.weights import obtain

            return obtain(entry, folder, job.progress, job.cancel_token)

        def done(path: Path) -> None:
            self._session.notify.info(f"{entry.name}: stored as {path}")
            self.changed.emit(None)

        return self._session.jobs.submit(
            work,
            done=done,
            failed=self._session.notify.fault,
            key=f"fetch {entry.name}",
            title=f"fetching {entry.name}",
        )

    def measure(self, card: ModelCard) -> Job:
        """Time a model in a process of its own and keep the figures."""
        device = self._session.predictions.device

        def work(job: Job) -> Measured:
            return _measured(card.name, device, job)

        def done(figures: Measured) -> None:
            self._figures()[card.name] = figures
            self._save()
            self.changed.emit(None)

        return self._session.jobs.submit(
            work,
            done=done,
            failed=self._session.notify.fault,
            lane="batch",
            key=f"measure {card.name}",
            title=f"measuring {card.title}",
        )

    def add(self, file: Path, *, description: Mapping[str, Any] | None = None) -> ModelCard | None:
        """Offer a file as a model of one's own; None, and told, where it cannot be one."""
        from segstudio.models.own import add_own_model

        try:
            card = add_own_model(self._registry(), file, description=description)
        except (UserError, EnvironmentFault) as error:
            self._session.notify.fault(error)
            return None
        self.changed.emit(None)
        return card

    def remove(self, card: ModelCard) -> None:
        """Take a model of one's own off the list; its file stays."""
        from segstudio.models.own import remove_own_model

        try:
            remove_own_model(self._registry(), card.name)
        except (UserError, EnvironmentFault) as error:
            self._session.notify.fault(error)
        self.changed.emit(None)

    def _registry(self) -> ModelRegistry:
        from segstudio.models.registry import default_registry

        return default_registry()

    @property
    def _file(self) -> Path:
        return self._session.data_dir / "measured.json"

    def _figures(self) -> dict[str, Measured]:
        if self._measured is None:
            try:
                found = json.loads(self._file.read_text(encoding="utf-8"))
                self._measured = {name: _figures_of(row) for name, row in found.items()}
            except (OSError, ValueError, KeyError, TypeError, AttributeError):
                self._measured = {}  # never measured, or not to be read: measuring again costs seconds
        return self._measured

    def _save(self) -> None:
        rows = {
            name: {
                "input_size": [m.size_hw[1], m.size_hw[0]],
                "device": m.device,
                "median_ms": m.median_ms,
                "p95_ms": m.p95_ms,
                "gmacs": m.gmacs,
                "parameters": m.parameters,
                "peak_bytes": m.peak_bytes,
            }
            for name, m in self._figures().items()
        }
        part = self._file.with_name(f"{self._file.name}.part")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(rows, indent=1), encoding="utf-8")
            os.replace(part, self._file)
        except OSError as error:
            self._session.notify.tell("warning", f"{self._file}: figures cannot be kept: {error.strerror or error}")


def _measured(name: str, device: str, job: Job) -> Measured:
    """What `segstudio bench models` says, from a process of its own, which ends where the job is cancelled."""
    command = [sys.executable, "-P", "-m", "segstudio", "bench", "models", name, "--json"]
    command += ["--no-engine", "--device", device, "--repeat", str(_REPEAT)]
    package = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        while True:
            try:
                out, err = process.communicate(timeout=0.2)
                break
            except subprocess.TimeoutExpired:
                if job.cancel_token.cancelled:
                    process.kill()
    job.cancel_token.raise_if_cancelled()
    if process.returncode != 0:
        last = next(iter(err.strip().splitlines()[-1:]), f"exit code {process.returncode}")
        raise UserError(f"{name} cannot be measured: {last.removeprefix('error: ')}")
    return _figures_of(json.loads(out)["rows"][0])


def _figures_of(row: Mapping[str, Any]) -> Measured:
    width, height = row["input_size"]
    return Measured(
        (int(height), int(width)),
        str(row["device"]),
        float(row["median_ms"]),
        float(row["p95_ms"]),
        float(row["gmacs"]),
        int(row["parameters"]),
        row.get("peak_bytes"),
    )
