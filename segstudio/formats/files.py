"""What a reader may open: files of the data set's own tree, listed fast and in the order in which people count."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import orjson

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError

IMAGE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp", ".gif", ".pgm", ".ppm", ".jp2", ".svs")
)
MAX_SIDE = 200_000
"""Images of a longer side than this are taken for damage, not for data."""
MAX_PIXELS = 1 << 30

_DIGITS = re.compile(r"\d+")
_SORTED_AT_ONCE = 5000


def natural_key(text: str) -> str:
    """Sort key that puts `a2` before `a10`: each number stands after its length, and before all letters."""
    return _DIGITS.sub(_number_key, text.lower())


def _number_key(match: re.Match[str]) -> str:
    digits = match[0].lstrip("0")
    return f"\0{len(digits):04}{digits}"


def sort_naturally(names: list[str]) -> None:
    """Sort in place by `natural_key`. Other threads get their turn in between: sorting 100,000 at once stops them."""
    keyed = [(natural_key(name), name) for name in names]
    for start in range(0, len(keyed), _SORTED_AT_ONCE):
        keyed[start : start + _SORTED_AT_ONCE] = sorted(keyed[start : start + _SORTED_AT_ONCE])
    keyed.sort()  # what is sorted in pieces is merged, which is quick
    names[:] = [name for _, name in keyed]


def shown(value: object) -> str:
    """A value from a file as an error may quote it: short, printable, on one line."""
    text = ascii(value) if isinstance(value, str) and not is_text(value) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def is_text(name: str) -> bool:
    """Whether a file name is proper UTF-8 (others cannot be written into JSON or a project)."""
    return name.isprintable() or not any("\ud800" <= letter <= "\udfff" for letter in name)


@dataclass
class Listing:
    """The files of a folder, relative to it and in natural order, and what was left out with the reason."""

    root: Path
    files: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    def paths(self) -> Iterator[Path]:
        for name in self.files:
            yield self.root / name


def list_files(root: Path, *, suffixes: frozenset[str] | None = None, depth: int = 16) -> Listing:
    """Every file below `root` with one of the suffixes (lower case, all where None).

    Hidden names are left out; links that lead out of `root` and names that are not UTF-8 are refused with a reason.
    Raises `UserError` where `root` cannot be listed.
    """
    listing = Listing(root)
    real_root = os.path.realpath(root)
    pending = [("", 0)]
    while pending:
        folder, level = pending.pop()
        try:
            entries = list(os.scandir(root / folder if folder else root))
        except OSError as error:
            if not folder:
                raise UserError(f"{root}: cannot be listed: {error.strerror or error}") from None
            listing.refused.append((folder, f"cannot be listed: {error.strerror or error}"))
            continue
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.name.startswith("."):
                continue
            if not is_text(entry.name):
                listing.refused.append((ascii(name), "the name is not UTF-8"))
            elif entry.is_symlink() and not _leads_inside(entry.path, real_root):
                listing.refused.append((name, "a link that leads out of the data set"))
            elif entry.is_dir():
                if level < depth and not entry.is_symlink():
                    pending.append((name, level + 1))
            elif suffixes is None or os.path.splitext(entry.name)[1].lower() in suffixes:
                listing.files.append(name)
    sort_naturally(listing.files)
    return listing


def _leads_inside(path: str, real_root: str) -> bool:
    target = os.path.realpath(path)
    return target == real_root or target.startswith(real_root + os.sep)


_LONGEST_NAME, _LONGEST_PATH = 255, 4095
"""In bytes, as Linux has them; asking the system about anything longer is an error of its own."""


def inside(root: Path, relative: str) -> Path:
    """The path that `relative`, as a file of the data set names it, has below `root`.

    Raises `UserError` for absolute paths, for `..`, for links that lead out of `root`, and for what no file system
    can hold.
    """
    pure = PurePosixPath(relative.replace("\\", "/"))
    if not relative or "\0" in relative or not is_text(relative):
        raise UserError(f"{shown(relative)} is not a file name")
    if pure.is_absolute() or PureWindowsPath(relative).drive or ".." in pure.parts:
        raise UserError(f"{shown(relative)} leads out of the data set")
    path = root.joinpath(*pure.parts)
    if len(os.fsencode(path)) > _LONGEST_PATH or any(len(os.fsencode(part)) > _LONGEST_NAME for part in pure.parts):
        raise UserError(f"{shown(relative)} is longer than a file name can be")
    try:
        leads_inside = _leads_inside(str(path), os.path.realpath(root))
    except (OSError, ValueError):
        raise UserError(f"{shown(relative)} is not a file name") from None
    if not leads_inside:
        raise UserError(f"{shown(relative)} is a link that leads out of the data set")
    return path


def read_bytes(path: Path) -> bytes:
    """The file's content; raises `UserError` naming the file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None


def read_json(path: Path) -> Any:
    """The JSON document in a file; raises `UserError` naming the file and where it is damaged."""
    content = read_bytes(path)
    try:
        return orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise UserError(f"{path}: not JSON: {error.msg.split(':')[0]} ({where})") from None
    except RecursionError:
        raise UserError(f"{path}: not JSON that can be read: nested too deeply") from None


def sane_size(size_hw: tuple[int, int]) -> bool:
    """Whether an image can have that (height, width)."""
    height, width = size_hw
    return 0 < height <= MAX_SIDE and 0 < width <= MAX_SIDE and height * width <= MAX_PIXELS


def key_of(relative: str) -> str:
    """The key of an image: its relative path without the suffix."""
    folder, slash, name = relative.rpartition("/")
    if not name or name.startswith(".") or "//" in relative or "./" in relative:
        return str(PurePosixPath(relative).with_suffix(""))  # which knows every odd case, and takes ten times as long
    stem, _, suffix = name.rpartition(".")
    return f"{folder}{slash}{stem}" if stem and suffix else relative


@dataclass(frozen=True)
class Probe:
    """A path under examination by all formats: what lies there is looked up once and sparingly.

    `class_set` is the one that the person named, if any: ids and colours that fit it are labels.
    """

    path: Path
    class_set: ClassSet | None = None

    PER_FOLDER = 400
    FOLDERS = 200

    @cached_property
    def is_dir(self) -> bool:
        return self.path.is_dir()

    @cached_property
    def suffix(self) -> str:
        return self.path.suffix.lower()

    @cached_property
    def names(self) -> list[str]:
        """Relative names of files below the folder: a bounded sample, every folder represented."""
        names: list[str] = []
        pending = [""]
        visited = 0
        while pending and visited < self.FOLDERS:
            folder = pending.pop(0)
            visited += 1
            try:
                with os.scandir(self.path / folder if folder else self.path) as entries:
                    for position, entry in enumerate(entries):
                        if position >= self.PER_FOLDER:
                            break
                        if entry.name.startswith(".") or not is_text(entry.name):
                            continue
                        name = f"{folder}/{entry.name}" if folder else entry.name
                        if entry.is_dir(follow_symlinks=False):
                            pending.append(name)
                        else:
                            names.append(name)
            except OSError:
                continue
        return sorted(names, key=natural_key)

    def ending(self, *endings: str) -> list[str]:
        """The sampled names that end so, without regard to case."""
        return [name for name in self.names if name.lower().endswith(endings)]

    @cached_property
    def json_files(self) -> list[Path]:
        """The JSON file itself, or the folder's (at most 50, those nearest to the top first)."""
        if not self.is_dir:
            return [self.path] if self.suffix == ".json" else []
        names = sorted(self.ending(".json"), key=lambda name: (name.count("/"), natural_key(name)))
        return [self.path / name for name in names[:50]]

    def ends_of(self, path: Path, size: int = 262_144) -> bytes:
        """The first and the last `size` bytes of a file (b"" where it cannot be read)."""
        try:
            with path.open("rb") as stream:
                head = stream.read(size)
                length = stream.seek(0, os.SEEK_END)
                stream.seek(max(len(head), length - size))
                return head + stream.read(size)
        except OSError:
            return b""
