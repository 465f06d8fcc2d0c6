"""`segstudio bench`: a few short measurements of this machine; the full table belongs to the checkout's tests."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from segstudio.cli.console import Console, table
from segstudio.cli.options import AsJson, size_hw
from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from segstudio.models.request import PredictSettings

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ways:
    """How models are to be run: plainly, and beside it in each way that was asked for."""

    device: str
    precision: str
    channels_last: bool
    compiled: bool
    graphs: bool
    repeat: int

    def settings(self) -> list[PredictSettings]:
        """Plain float32 first. Raises `UserError` for an unknown precision."""
        from segstudio.models.request import PredictSettings

        plain = PredictSettings(precision="float32", channels_last=False)
        ways = [plain]
        if self.precision != "float32":
            ways.append(replace(plain, precision=self.precision))  # type: ignore[arg-type]
        if self.channels_last:
            ways.append(replace(ways[-1], channels_last=True))
        base = ways[-1]
        ways += [replace(base, compiled=True)] if self.compiled else []
        ways += [replace(base, cuda_graphs=True)] if self.graphs else []
        return ways


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("bench")(bench)


def bench(
    what: Annotated[str, typer.Argument(help="store, models, or a room that the checkout's tests measure.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME …]", help="Models to measure.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the models' input.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, float16 or bfloat16 beside float32.")] = "float32",
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Also with channels last in memory.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Also compiled (torch.compile).")] = False,
    graphs: Annotated[bool, typer.Option("--graphs", help="Also replayed as a CUDA graph.")] = False,
    repeat: Annotated[int, typer.Option(help="Passes that are timed, after five that are not.")] = 30,
    as_json: AsJson = False,
) -> int:
    """Measure the store or models on this machine."""
    console = Console(as_json=as_json)
    if what not in ("store", "models"):
        raise UserError(f"bench {what}: measured in the checkout only", hint=f"run: python -m tests.benchmarks {what}")
    ways = Ways(device, precision, channels_last, compiled, graphs, repeat)
    rows = _store() if what == "store" else _models(names or [], size_hw(size), ways, console)
    if what == "models":
        from segstudio.workflows.measured_costs import remember_costs

        remember_costs(rows)
    console.result({"rows": rows}, table(_store_cells(rows) if what == "store" else _model_cells(rows)))
    return 0


def _store_cells(rows: list[Row]) -> list[list[str]]:
    cells = [[row["what"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}"] for row in rows]
    return [["what", "median ms", "95 % ms"], *cells]


def _model_cells(rows: list[Row]) -> list[list[str]]:
    head = ["model", "input", "device", "how", "M parameters", "GMACs", "FPS", "FPS 95 %", "median ms", "95 % ms"]
    cells = [[*head, "peak MB"]]
    for row in rows:
        width, height = row["input_size"]
        peak = "–" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 2**20:.0f}"
        figures = [f"{row['parameters'] / 1e6:.2f}", f"{row['gmacs']:.2f}", f"{row['fps']:.2f}"]
        times = [f"{row['fps_p95']:.2f}", f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}", peak]
        cells.append([row["model"], f"{width}×{height}", row["device"], row["how"], *figures, *times])
    return cells


def _measured(what: str, work: Callable[[], object], *, repeat: int, warmup: int) -> Row:
    for _ in range(warmup):
        work()
    times = []
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    ranked = sorted(times)
    return {"what": what, "median_ms": statistics.median(times), "p95_ms": ranked[int(0.95 * (len(ranked) - 1))]}


def _store() -> list[Row]:
    """How long a stroke takes until it is on the disk of the current folder."""
    from segstudio.core.class_set import ClassSet
    from segstudio.core.dataset import ImageItem
    from segstudio.core.geometry import Rect
    from segstudio.core.layer import Layer
    from segstudio.core.transaction import Transaction
    from segstudio.store import Project

    classes = ClassSet.of_names(["road", "car"])
    layer = Layer("labels", (1024, 2048))
    layer.ensure_class_segments(classes)
    strokes = iter(range(1000))
    with (
        tempfile.TemporaryDirectory(dir=".", prefix=".segstudio-bench-") as folder,
        Project.create(Path(folder) / "bench.segproj", class_set=classes) as project,
    ):
        project.add_images([ImageItem("image", None)])

        def stroke() -> None:
            transaction = Transaction(layer, "brush")
            number = next(strokes)
            at = 37 * number % 900
            transaction.paint(Rect(at, at, at + 100, at + 100), number % 2 + 1)
            edit = transaction.commit()
            if edit is not None:
                project.record("image", layer, edit).wait()

        return [_measured("commit of a stroke to this disk", stroke, repeat=100, warmup=5)]


def _models(names: list[str], asked_hw: tuple[int, int] | None, ways: Ways, console: Console) -> list[Row]:
    """Cost and speed of one forward pass, batch 1, at `asked_hw` or each model's own input size, in each of the ways
    that were asked for.
    """
    from segstudio.models import bench_model
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install

    registry = default_registry()
    install(registry)
    chosen = names or [name for name in registry.names() if registry.status(name).state == "works"]
    rows = []
    with console.working() as progress:
        for done, name in enumerate(chosen):
            progress(done, len(chosen), name)
            for settings in ways.settings():
                cost = bench_model(name, size_hw=asked_hw, device=ways.device, settings=settings, repeat=ways.repeat)
                height, width = cost.size_hw
                for note in cost.notes:
                    console.note(f"{name}: {note}")
                rows.append(
                    {
                        "model": cost.name,
                        "input_size": [width, height],
                        "device": cost.device,
                        "how": cost.how,
                        "parameters": cost.parameters,
                        "gmacs": cost.gmacs,
                        "fps": cost.fps,
                        "fps_p95": cost.fps_p95,
                        "median_ms": cost.median_ms,
                        "p95_ms": cost.p95_ms,
                        "peak_bytes": cost.peak_bytes,
                    }
                )
    return rows
