"""`segstudio bench`: a few short measurements of this machine; the full table belongs to the checkout's tests."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from segstudio.cli.console import Console, table
from segstudio.cli.options import AsJson, size_hw
from segstudio.core.errors import UserError

Row = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    """Register the verb."""
    app.command("bench")(bench)


def bench(
    what: Annotated[str, typer.Argument(help="store, models, or a room that the checkout's tests measure.")],
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME …]", help="Models to measure.")] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the models' input.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    as_json: AsJson = False,
) -> int:
    """Measure the store or models on this machine."""
    console = Console(as_json=as_json)
    if what not in ("store", "models"):
        raise UserError(f"bench {what}: measured in the checkout only", hint=f"run: python -m tests.benchmarks {what}")
    with console.working() as progress:
        rows = _store() if what == "store" else _models(names or [], size_hw(size), device, progress)
    console.result({"rows": rows}, table(_store_cells(rows) if what == "store" else _model_cells(rows)))
    return 0


def _store_cells(rows: list[Row]) -> list[list[str]]:
    cells = [[row["what"], f"{row['median_ms']:.2f}", f"{row['p95_ms']:.2f}"] for row in rows]
    return [["what", "median ms", "95 % ms"], *cells]


def _model_cells(rows: list[Row]) -> list[list[str]]:
    cells = [["model", "input", "device", "M parameters", "GMACs", "FPS", "median ms", "95 % ms", "peak MB"]]
    for row in rows:
        width, height = row["input_size"]
        peak = "–" if row["peak_bytes"] is None else f"{row['peak_bytes'] / 2**20:.0f}"
        figures = [f"{row['parameters'] / 1e6:.2f}", f"{row['gmacs']:.2f}", f"{row['fps']:.2f}"]
        times = [f"{row['median_ms']:.1f}", f"{row['p95_ms']:.1f}", peak]
        cells.append([row["model"], f"{width}×{height}", row["device"], *figures, *times])
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


def _models(
    names: list[str], asked_hw: tuple[int, int] | None, device: str, progress: Callable[[int, int, str], None]
) -> list[Row]:
    """Cost and speed of one forward pass, batch 1, at `asked_hw` or each model's own input size."""
    from segstudio.models import bench_model
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install

    registry = default_registry()
    install(registry)
    chosen = names or [name for name in registry.names() if registry.status(name).state == "works"]
    rows = []
    for done, name in enumerate(chosen):
        progress(done, len(chosen), name)
        cost = bench_model(name, size_hw=asked_hw, device=device)
        height, width = cost.size_hw
        rows.append(
            {
                "model": cost.name,
                "input_size": [width, height],
                "device": cost.device,
                "parameters": cost.parameters,
                "gmacs": cost.gmacs,
                "fps": cost.fps,
                "median_ms": cost.median_ms,
                "p95_ms": cost.p95_ms,
                "peak_bytes": cost.peak_bytes,
            }
        )
    return rows
