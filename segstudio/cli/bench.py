"""`segstudio bench`: measurements of this machine; the limits that hold belong to the checkout's tests."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from segstudio.cli.bench_tables import (
    Row,
    assist_document,
    assist_lines,
    model_cells,
    timing_cells,
    timing_row,
)
from segstudio.cli.console import Console, table
from segstudio.cli.options import AsJson, size_hw
from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from segstudio.models.request import PredictSettings
    from segstudio.workflows.benching.engine import EngineTimes

ROOMS = ("models", "canvas", "store", "assist", "formats")


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
    what: Annotated[str, typer.Argument(help=f"One of {', '.join(ROOMS)}.")],
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME …]", help="Models to measure; data sets to click on (assist).")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="Size of the models' input.")] = None,
    device: Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, float16 or bfloat16 beside float32.")] = "float32",
    channels_last: Annotated[bool, typer.Option("--channels-last", help="Also with channels last in memory.")] = False,
    compiled: Annotated[bool, typer.Option("--compile", help="Also compiled (torch.compile).")] = False,
    graphs: Annotated[bool, typer.Option("--graphs", help="Also replayed as a CUDA graph.")] = False,
    repeat: Annotated[int, typer.Option(help="Passes that are timed, after five that are not.")] = 30,
    engine: Annotated[
        bool, typer.Option(help="Of named models also what a batch run keeps, and how soon the overlay is there.")
    ] = True,
    quick: Annotated[bool, typer.Option("--quick", help="Less of everything, to see that it works.")] = False,
    part: Annotated[
        list[str] | None, typer.Option(help="Of assist only this part: times, clicks, dabs or effort; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Measure models, the canvas, the store, assists or formats on this machine."""
    console = Console(as_json=as_json)
    if what not in ROOMS:
        raise UserError(f"bench {what}: there is nothing of that name to measure", hint=f"one of {', '.join(ROOMS)}")
    if what == "models":
        from segstudio.workflows.measured_costs import remember_costs

        ways = Ways(device, precision, channels_last, compiled, graphs, repeat)
        rows = _models(names or [], size_hw(size), ways, console)
        remember_costs(rows)
        found = _engine(names or [], ways, quick, console) if engine else []
        lines = [line for one in found for line in one.lines()]
        console.result({"rows": rows, "engine": [one.to_json() for one in found]}, [*table(model_cells(rows)), *lines])
    elif what == "assist":
        _assist([Path(name) for name in names or []], part or [], quick, device, console)
    else:
        rows = _room(what, quick, console)
        console.result({"rows": rows}, table(timing_cells(rows)))
    return 0


def _room(what: str, quick: bool, console: Console) -> list[Row]:
    """The store and formats write below the current folder, whose disk it is that matters, and leave nothing there."""
    from segstudio.workflows.benching import rooms

    here = Path()
    with console.working():
        if what == "canvas":
            return [timing_row(one) for one in rooms.bench_canvas(quick=quick)]
        if what == "store":
            return [timing_row(one) for one in rooms.bench_store(here)]
        found, refused = rooms.bench_formats(here, quick=quick)
    for reason in refused:
        console.note(reason)
    return [timing_row(one) for one in found]


def _assist(datasets: list[Path], parts: list[str], quick: bool, device: str, console: Console) -> None:
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install
    from segstudio.workflows.benching.assist import PARTS, bench_assist

    unknown = [name for name in parts if name not in PARTS]
    if unknown:
        raise UserError(f"--part {unknown[0]}: there is no such part", hint=f"one of {', '.join(PARTS)}")
    registry = default_registry()
    install(registry)
    with console.working() as progress:
        found = bench_assist(
            registry, parts=parts or PARTS, datasets=datasets, quick=quick, device=device, progress=progress
        )
    for note in found.notes:
        console.note(note)
    console.result(assist_document(found), assist_lines(found))


def _engine(names: list[str], ways: Ways, quick: bool, console: Console) -> list[EngineTimes]:
    """The named semantic models in the engine as a batch run has it."""
    from segstudio.models.registry import default_registry
    from segstudio.models.request import PredictSettings
    from segstudio.workflows.benching.engine import engine_times

    registry = default_registry()
    settings = PredictSettings(device=ways.device, compiled=ways.compiled, cuda_graphs=ways.graphs)
    with console.working() as progress:
        return [
            engine_times(registry, name, settings=settings, quick=quick, repeat=ways.repeat, progress=progress)
            for name in names
            if registry.card(name).task == "semantic"
        ]


def _models(names: list[str], asked_hw: tuple[int, int] | None, ways: Ways, console: Console) -> list[Row]:
    """Cost and speed of one forward pass, batch 1, at `asked_hw` or each model's own input size, in each of the ways
    that were asked for.
    """
    from segstudio.models import bench_model
    from segstudio.models.registry import default_registry
    from segstudio.plugins.discovery import install

    registry = default_registry()
    install(registry)
    runs = [name for name in registry.names() if registry.card(name).task != "promptable"]
    chosen = names or [name for name in runs if registry.status(name).state == "works"]
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
