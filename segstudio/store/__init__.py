"""The project file: one SQLite database that holds every committed edit before the next one starts.

May import: ops, core, SQLAlchemy and the standard library. SQLAlchemy loads when `Project` is first asked for.
Start at `project.py`, what others call; then `schema.py`, what the file holds.
"""

from typing import TYPE_CHECKING

from segstudio.store.records import DatasetSource, EditRow, ImageRow, Receipt, RunRow, ScoreRow, VersionRow

if TYPE_CHECKING:
    from segstudio.store.project import Project

__all__ = ["DatasetSource", "EditRow", "ImageRow", "Project", "Receipt", "RunRow", "ScoreRow", "VersionRow"]


def __getattr__(name: str) -> object:
    if name == "Project":
        from segstudio.store.project import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
