"""Large COCO files piece by piece: where each annotation lies is kept, not what it says.

The file is read twice: once for its brackets, once for its annotations, a few megabytes at a time. An image's
annotations are then read from their places when they are asked for, so that memory stays far below the file's size.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from segstudio.core.errors import UserError

LARGE = 64 << 20
"""Files of more bytes than this are read so; smaller ones as a whole, which is quicker."""

_CHUNK = 8 << 20
_PARSED_AT_ONCE = 1 << 20
"""While JSON is parsed no other thread runs: the window's must not wait long."""
_ENDS = 1 << 20
_MOST_LISTS = 10_000
_QUOTE, _BACKSLASH, _OPEN, _CLOSE = 1, 2, 3, 4
_KINDS = np.zeros(256, np.uint8)
for _kind, _letters in ((_QUOTE, b'"'), (_BACKSLASH, b"\\"), (_OPEN, b"[{"), (_CLOSE, b"]}")):
    _KINDS[list(_letters)] = _kind

_TOP, _LIST, _ROW = 1, 2, 3
"""How many brackets are open inside the document, inside one of its lists, inside one element of that list."""


@dataclass(frozen=True)
class Rows:
    """The elements of one list of a JSON file by their places: byte `starts[i]` up to, without, `ends[i]`."""

    path: Path
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def all(self) -> Iterator[tuple[int, Any]]:
        """(number, content) of every element, a megabyte at a time. Raises `UserError` where one is damaged."""
        number = 0
        with self._opened() as descriptor:
            while number < len(self):
                limit = int(self.starts[number]) + _PARSED_AT_ONCE
                following = max(int(np.searchsorted(self.ends, limit, "right")), number + 1)
                first, last = int(self.starts[number]), int(self.ends[following - 1])
                content = os.pread(descriptor, last - first, first)
                found = self._parsed(b"[%b]" % content, number)
                if len(found) != following - number:  # something between them is none of the elements
                    found = [self._parsed(self._of(descriptor, i), i) for i in range(number, following)]
                yield from enumerate(found, number)
                number = following

    def some(self, numbers: Iterable[int]) -> list[Any]:
        """The content of the elements with these numbers; raises `UserError` where the file has changed meanwhile."""
        with self._opened() as descriptor:
            return [self._parsed(self._of(descriptor, number), number) for number in numbers]

    def _of(self, descriptor: int, number: int) -> bytes:
        start = int(self.starts[number])
        return os.pread(descriptor, int(self.ends[number]) - start, start)

    def _parsed(self, content: bytes, number: int) -> Any:
        try:
            return orjson.loads(content)
        except (orjson.JSONDecodeError, RecursionError) as error:
            reason = str(error).split(":")[0]
            raise UserError(f"{self.path}: not JSON at or after element {number} of a list: {reason}") from None

    def _opened(self) -> _Descriptor:
        return _Descriptor(self.path)


class _Descriptor:
    """A file opened for reading places in it, closed when the context ends."""

    def __init__(self, path: Path) -> None:
        try:
            self._number = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None

    def __enter__(self) -> int:
        return self._number

    def __exit__(self, *_: object) -> None:
        os.close(self._number)


def split_document(path: Path, name: str, *, long: str = "") -> tuple[Any, Rows]:
    """(the document with its list `name` left empty, the places of that list's elements).

    The list `long` is read piece by piece too, but is there in full. Elements of both that are neither objects nor
    lists are left out. Raises `UserError` where the rest is not JSON.
    """
    scan = _Scan(path, name, *([long] if long else []))
    rest: list[bytes] = []
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                while chunk.endswith(b"\\") and (more := stream.read(1)):
                    chunk += more  # what a backslash stands before may be a quote
                rest += scan.take(chunk)
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    try:
        document = orjson.loads(b"".join(rest).removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise UserError(f"{path}: not JSON: {error.msg.split(':')[0]}") from None
    except RecursionError:
        raise UserError(f"{path}: not JSON that can be read: nested too deeply") from None
    if long and isinstance(document, dict) and document.get(long) == []:
        document[long] = [row for _, row in scan.rows(long).all()]
    return document, scan.rows(name)


def first_rows(path: Path, name: str, count: int) -> list[Any] | None:
    """The first `count` elements of the list `name` where it begins in the first bytes of the file; else None."""
    scan, head = _Scan(path, name), _at_end(path, from_start=True)
    try:
        scan.take(head.rstrip(b"\\"))
        rows = scan.whole_rows(name)
    except UserError:
        return None
    return rows.some(range(min(count, len(rows))))


def whole_list(path: Path, name: str) -> list[Any] | None:
    """The list `name` where all of it stands in the first or the last bytes of the file; else None."""
    for content, find in ((_at_end(path, from_start=True), bytes.find), (_at_end(path), bytes.rfind)):
        mark = b'"%b"' % name.encode()
        place = find(content, mark)
        following = content[place + len(mark) :].lstrip() if place >= 0 else b""
        if not following.startswith(b":"):
            continue
        try:
            found, _ = json.JSONDecoder().raw_decode(following[1:].lstrip().decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            continue
        if isinstance(found, list):
            return found
    return None


def _at_end(path: Path, *, from_start: bool = False) -> bytes:
    """The first or the last bytes of a file. Raises `UserError` where it cannot be read."""
    with _Descriptor(path) as descriptor:
        return os.pread(descriptor, _ENDS, 0 if from_start else max(0, os.fstat(descriptor).st_size - _ENDS))


class _Scan:
    """The brackets and quotes of a JSON text, chunk by chunk: where the wanted lists and their elements lie."""

    def __init__(self, path: Path, *names: str) -> None:
        self._path = path
        self._at = 0
        self._depth = 0
        self._in_string = False
        self._quotes = (0, 0)
        self._wanted = ""
        """The name of the wanted list in which the scan is, "" where it is in none."""
        self._lists = 0
        self._starts: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}
        self._ends: dict[str, list[NDArray[np.int64]]] = {name: [] for name in names}

    def take(self, chunk: bytes) -> list[bytes]:
        """Go on with the next bytes; returns what of them lies outside the wanted list."""
        base = self._at
        self._at += len(chunk)
        data = np.frombuffer(chunk, np.uint8)
        kinds_at = np.flatnonzero(_KINDS[data])
        kinds = _KINDS[data[kinds_at]]
        if (kinds == _BACKSLASH).any():
            kinds_at, kinds = _without_escaped(kinds_at, kinds)
        is_quote = kinds == _QUOTE
        opened = (np.cumsum(is_quote) + self._in_string) % 2 == 1
        self._in_string = bool(opened[-1]) if len(opened) else self._in_string
        step = np.where(opened | is_quote, 0, np.where(kinds == _OPEN, 1, -1))
        depth = np.cumsum(step) + self._depth
        self._depth = int(depth[-1]) if len(depth) else self._depth
        places = kinds_at + base
        top_quotes = places[is_quote & (depth == _TOP)]
        edges = np.flatnonzero(((step == 1) & (depth == _LIST)) | ((step == -1) & (depth == _TOP)))
        starts = places[(step == 1) & (depth == _ROW)]
        ends = places[(step == -1) & (depth == _LIST)] + 1
        self._lists += len(edges)
        if self._lists > _MOST_LISTS:
            raise UserError(f"{self._path}: JSON, but not COCO: more than {_MOST_LISTS} lists")
        return self._outside(chunk, base, places[edges], step[edges] == 1, top_quotes, starts, ends)

    def _outside(
        self,
        chunk: bytes,
        base: int,
        edges: NDArray[np.int64],
        is_open: NDArray[np.bool_],
        top_quotes: NDArray[np.int64],
        starts: NDArray[np.int64],
        ends: NDArray[np.int64],
    ) -> list[bytes]:
        outside: list[bytes] = []
        since = base
        for edge, opens in zip([*edges.tolist(), base + len(chunk)], [*is_open.tolist(), None], strict=True):
            if self._wanted:
                self._starts[self._wanted].append(starts[(starts >= since) & (starts < edge)])
                self._ends[self._wanted].append(ends[(ends > since) & (ends <= edge)])
            else:
                outside.append(chunk[since - base : edge - base])
            since = edge
            if opens is None:
                break
            is_list = opens and chunk[edge - base : edge - base + 1] == b"["
            if is_list and (name := self._key_before(top_quotes, edge)) in self._starts:
                outside.append(b"[")
                since = edge + 1
                self._wanted = name
                self._starts[name], self._ends[name] = [], []
            elif not opens:
                self._wanted = ""
        self._quotes = _last_two(self._quotes, top_quotes)
        return outside

    def _key_before(self, top_quotes: NDArray[np.int64], edge: int) -> str:
        """The last text before `edge`."""
        first, last = _last_two(self._quotes, top_quotes[top_quotes < edge])
        with _Descriptor(self._path) as descriptor:
            return os.pread(descriptor, min(last - 1 - first, 256), first + 1).decode("utf-8", "replace")

    def whole_rows(self, name: str) -> Rows:
        """The places of those elements of a wanted list that have been seen to their ends."""
        starts, ends = self._places(name)
        return Rows(self._path, starts[: len(ends)], ends)

    def rows(self, name: str) -> Rows:
        """The places of a wanted list's elements; raises `UserError` where brackets do not fit together."""
        starts, ends = self._places(name)
        if len(starts) != len(ends) or (starts >= ends).any():
            raise UserError(f"{self._path}: not JSON: brackets without a partner")
        return Rows(self._path, starts, ends)

    def _places(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        nothing = np.zeros(0, np.int64)
        return np.concatenate([nothing, *self._starts[name]]), np.concatenate([nothing, *self._ends[name]])


def _last_two(before: tuple[int, int], quotes: NDArray[np.int64]) -> tuple[int, int]:
    known = (*before, *quotes[-2:].tolist())
    return known[-2], known[-1]


def _without_escaped(
    places: NDArray[np.int64], kinds: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The places without backslashes and without quotes behind an odd number of them."""
    slashes = places[kinds == _BACKSLASH]
    begins = np.concatenate(([True], np.diff(slashes) != 1))
    first = slashes[np.maximum.accumulate(np.where(begins, np.arange(len(slashes)), 0))]
    escaped = slashes[(slashes - first) % 2 == 0] + 1
    kept = (kinds != _BACKSLASH) & ~np.isin(places, escaped)
    return places[kept], kinds[kept]
