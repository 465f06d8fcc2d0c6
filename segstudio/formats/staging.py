"""Replacing a target as a whole: written beside it, read back, then swapped in; or the target stays as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import uuid
from pathlib import Path
from types import TracebackType

import orjson

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.formats.per_image import Journal

MARK = ".segstudio-export.json"
"""Kept in every folder that we wrote: its format and its files, so that a later export knows what it may replace."""

FLUSH_EACH = 16
"""Up to so many files are brought to the disk one by one; for more, one `sync` of the system is quicker."""


class Staging:
    """A temporary sibling of a target, which is a file where its name has the suffix `file_suffix`, else a folder.

    Use as a context manager: `path` is where to write; `commit` swaps it in; leaving without a commit removes it. With
    `header` (what is written and how, as one line) an interruption keeps it, and the next one with the same header goes
    on from its `journal`.
    """

    def __init__(self, target: Path, format_name: str, *, is_file: bool, header: str = "") -> None:
        self.target = target
        self.format_name = format_name
        self.is_file = is_file
        self.journal: Journal | None = None
        self._is_done = False
        self._header = header
        mark = "resume" if header else uuid.uuid4().hex[:8]
        self._folder = target.parent / f".{target.name}.{mark}.part"
        self.path = self._folder / target.name

    def __enter__(self) -> Staging:
        self._refuse_foreign()
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
            self._folder.mkdir(exist_ok=bool(self._header))
            if self._header:
                self._open_journal()
            if not self.is_file:
                self.path.mkdir(exist_ok=bool(self._header))
        except OSError as error:
            raise _fault(self.target, error) from None
        return self

    def _open_journal(self) -> None:
        self.journal = Journal(self._folder / "progress.jsonl", self._header)
        if self.journal.is_new and self.path.is_dir():
            shutil.rmtree(self.path)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.journal is not None:
            self.journal.close()
        is_interrupted = kind is not None and not issubclass(kind, UserError) and not self._is_done
        if not (self._header and is_interrupted):
            shutil.rmtree(self._folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise _fault(self.target, error) from error

    def spoil(self) -> None:
        """What was written is not as it should be: nothing may go on from it."""
        self._is_done = True

    def commit(self) -> None:
        """Put what was written in the target's place; what was there before goes only after that."""
        self._is_done = True
        try:
            if self.is_file:
                _flush(self.path)
                os.replace(self.path, self.target)
            else:
                self._mark()
                self._swap_folder()
            _flush(self.target.parent)
        except OSError as error:
            raise _fault(self.target, error) from None

    def _swap_folder(self) -> None:
        if not self.target.exists():
            os.rename(self.path, self.target)
            return
        old = self._folder / "replaced"
        os.rename(self.target, old)
        try:
            os.rename(self.path, self.target)
        except OSError:
            os.rename(old, self.target)
            raise

    def _mark(self) -> None:
        files = sorted(str(path.relative_to(self.path).as_posix()) for path in self.path.rglob("*") if path.is_file())
        (self.path / MARK).write_bytes(orjson.dumps({"format": self.format_name, "files": files}))
        if len(files) > FLUSH_EACH and hasattr(os, "sync"):
            os.sync()
            return
        for name in files:
            _flush(self.path / name)

    def _refuse_foreign(self) -> None:
        target = self.target
        if self.is_file:
            if target.is_dir():
                raise UserError(f"{target}: is a folder, {self.format_name} needs a file name there")
            return
        if target.is_file():
            raise UserError(f"{target}: is a file, {self.format_name} is written into a folder")
        if target.is_dir():
            foreign = _foreign_file(target)
            if foreign:
                raise UserError(f"{target}: holds files that no export wrote: {foreign}", hint="choose an empty folder")


def _foreign_file(folder: Path) -> str:
    """The first file in the folder that none of our exports wrote; "" where there is none."""
    try:
        own = set(orjson.loads((folder / MARK).read_bytes())["files"])
    except (OSError, ValueError, TypeError, KeyError):
        own = set()
    for base, _, names in os.walk(folder):
        for name in names:
            relative = Path(base, name).relative_to(folder).as_posix()
            if relative != MARK and relative not in own:
                return relative
    return ""


def _flush(path: Path) -> None:
    """Ask the system to bring a file or folder to the disk (folders only where the system can)."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _fault(target: Path, error: OSError) -> EnvironmentFault:
    return EnvironmentFault(f"{target}: cannot be written: {error.strerror or error}")
