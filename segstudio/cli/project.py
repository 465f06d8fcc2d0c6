"""`segstudio project`: look after a project file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segstudio.cli.console import Console
from segstudio.cli.options import AsJson
from segstudio.core.dataset import Skipped
from segstudio.core.errors import UserError

app = typer.Typer(help="Check, back up, restore, repair or share a project; see who did what.", no_args_is_help=True)
ProjectFile = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project file.")]
WithOrigins = Annotated[bool, typer.Option("--origins", help="Also who made the labels; reads all of them.")]


@app.command()
def check(project: ProjectFile, as_json: AsJson = False) -> int:
    """Read everything in PROJECT and tell what is damaged; changes nothing."""
    from segstudio.store.checking import check_project

    console = Console(as_json=as_json)
    with console.working() as progress:
        found = check_project(project, progress=progress)
    lines = [f"{project}: {found.images} images, {found.layers} layers, {found.edits} edits"]
    lines += ["sound" if not found.problems else f"{len(found.problems)} problems"]
    console.result(found.to_json(), lines)
    return console.failures([Skipped(str(project), problem) for problem in found.problems])


@app.command()
def backup(
    project: ProjectFile,
    target: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="Where; by default beside it.")] = None,
    as_json: AsJson = False,
) -> int:
    """Write a checked copy of PROJECT."""
    from segstudio.store.backups import make_backup
    from segstudio.store.place import TeamAddress, place_of

    console = Console(as_json=as_json)
    place = place_of(project)
    if isinstance(place, TeamAddress) and target is None:
        raise UserError(f"{place}: say which file to write", hint="segstudio project backup URL FILE")
    with console.working() as progress:
        if isinstance(place, TeamAddress):
            from segstudio.store.sharing import save_as_file

            made = Path(target or "").absolute()
            save_as_file(place, made, progress=progress)
        else:
            made = make_backup(place, target)
    console.result({"backup": str(made)}, [str(made)])
    return 0


@app.command()
def restore(
    project: ProjectFile,
    source: Annotated[Path | None, typer.Argument(metavar="[BACKUP]", help="By default the newest.")] = None,
    as_json: AsJson = False,
) -> int:
    """Put a backup in the place of PROJECT; what was there is kept beside it."""
    from segstudio.store.backups import restore_backup

    console = Console(as_json=as_json)
    with console.working():
        restored = restore_backup(project, source)
    document = {"restored": str(restored.source), "kept": None if restored.kept is None else str(restored.kept)}
    lines = [f"restored from {restored.source}"]
    lines += [f"what was there is now {restored.kept}"] if restored.kept is not None else []
    console.result(document, lines)
    return 0


@app.command()
def repair(project: ProjectFile, as_json: AsJson = False) -> int:
    """Save what can be read of PROJECT into a new file in its place; the damaged one is kept beside it."""
    from segstudio.store.repairing import repair_project

    console = Console(as_json=as_json)
    with console.working() as progress:
        done = repair_project(project, progress=progress)
    lines = [f"{done.kept_rows} rows saved, {len(done.lost)} lost; the damaged file is now {done.damaged}"]
    document = {"damaged": str(done.damaged), "rows": done.kept_rows, "lost": list(done.lost)}
    console.result(document, lines)
    return console.failures([Skipped(str(project), lost) for lost in done.lost])


@app.command()
def share(
    project: ProjectFile,
    address: Annotated[str, typer.Argument(metavar="URL", help="postgresql://person@host/database?project=name")],
    as_json: AsJson = False,
) -> int:
    """Make a project that a team works on together of PROJECT, which stays as it is."""
    from segstudio.store.place import TeamAddress
    from segstudio.store.sharing import share as share_file

    console = Console(as_json=as_json)
    place = TeamAddress.parse(address)
    with console.working() as progress:
        rows = share_file(project.absolute(), place, progress=progress)
    console.result({"shared": str(place), "rows": rows}, [f"{rows} rows → {place}"])
    return 0


@app.command()
def stats(project: ProjectFile, origins: WithOrigins = False, as_json: AsJson = False) -> int:
    """Tell how far the work on PROJECT (a file or a team's address) is, and who did how much."""
    from segstudio.workflows.progress import work_on

    console = Console(as_json=as_json)
    with console.working() as progress:
        found = work_on(project, with_origins=origins, progress=progress)
    console.result(found.to_json(), found.lines())
    return 0
