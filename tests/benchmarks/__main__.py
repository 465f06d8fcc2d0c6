"""Runs the functions named bench_* of every bench_*.py beside this and prints one table.

    python -m tests.benchmarks [NAME …] [--json FILE] [--strict]

NAME picks rooms or functions whose name contains it. The exit status is 1 when a benchmark could not run and, with
--strict, when a limit was missed.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import os
import platform
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.table import Row

Benchmark = Callable[[], list[Row]]


def find(names: list[str]) -> Iterator[tuple[str, Benchmark]]:
    """Yields (room.function, function): rooms by the alphabet, functions as they stand in their file."""
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        module = importlib.import_module(f"tests.benchmarks.{path.stem}")
        for name, value in vars(module).items():
            full = f"{path.stem.removeprefix('bench_')}.{name.removeprefix('bench_')}"
            if name.startswith("bench_") and callable(value) and (not names or any(n in full for n in names)):
                yield full, value


def measure(benchmarks: Iterator[tuple[str, Benchmark]]) -> tuple[dict[str, list[Row]], list[str]]:
    """Runs them one after the other; one that breaks is reported and does not stop the others."""
    results, broken = {}, []
    for name, run in benchmarks:
        print(name, file=sys.stderr, flush=True)
        try:
            results[name] = run()
        except Exception:  # noqa: BLE001  (whatever a benchmark raises, the others still have something to say)
            traceback.print_exc()
            broken.append(name)
    return results, broken


def print_table(results: dict[str, list[Row]]) -> None:
    table = Table(
        title=f"SegStudio on {os.cpu_count()} cores, Python {platform.python_version()}", title_justify="left"
    )
    table.add_column("what")
    for heading in ("median ms", "p95 ms"):
        table.add_column(heading, justify="right")
    table.add_column("held against")
    table.add_column("ratio", justify="right")
    table.add_column("limit")
    table.add_column("")
    for name, rows in results.items():
        table.add_section()
        table.add_row(f"[bold]{name}")
        for row in rows:
            ratio = "" if row.ratio is None else f"{row.ratio:.2f}×"
            verdict = {None: "", True: "[green]ok", False: "[red]MISSED"}[row.ok]
            numbers = (f"{row.median_ms:.3f}", f"{row.p95_ms:.3f}")
            table.add_row(f"  {row.what}", *numbers, row.reference, ratio, row.limit, verdict)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def write_json(path: Path, results: dict[str, list[Row]], broken: list[str]) -> None:
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform()}
    rows = {name: [dataclasses.asdict(row) for row in rows] for name, rows in results.items()}
    path.write_text(json.dumps({"machine": machine, "benchmarks": rows, "broken": broken}, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure and print one table.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="only rooms or functions whose name contains this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the numbers there")
    parser.add_argument("--strict", action="store_true", help="exit with 1 when a limit was missed")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    results, broken = measure(find(options.names))
    if not results and not broken:
        print("no benchmark of that name", file=sys.stderr)
        return 2
    print_table(results)
    if options.json:
        write_json(options.json, results, broken)
    missed = [row.what for rows in results.values() for row in rows if row.ok is False]
    for name in broken:
        print(f"could not run: {name}", file=sys.stderr)
    for what in missed:
        print(f"missed its limit: {what}", file=sys.stderr)
    return 1 if broken or (missed and options.strict) else 0


if __name__ == "__main__":
    sys.exit(main())
