"""MATLAB 5 files of labels: numbers, texts, structs and cells, read without trusting a single length in them.

SciPy's reader ends the whole process on some damaged files, so it is not used. Format: MathWorks, "MAT-File Level 5".
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segstudio.formats.drawn import reading
from segstudio.formats.files import read_bytes

MAX_BYTES = 256 << 20
MAX_DEPTH = 20
MAX_ITEMS = 100_000

_HDF5 = b"\x89HDF\r\n\x1a\n"
_MATRIX, _COMPRESSED = 14, 15
_DTYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8", 16: "u1"}
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4", 14: "i8", 15: "u8"}


def read_mat(path: Path) -> dict[str, Any]:
    """The variables of a .mat file of level 5 (MATLAB 5 … 7.2, and what SciPy writes), or 7.3 where h5py is there.

    Numbers become arrays, texts `str`, structs dicts (lists of dicts where there are several), cells lists. Raises
    `UserError` naming the file where it is none, or damaged.
    """
    content = read_bytes(path)
    if content[512:520] == _HDF5 or content[:8] == _HDF5:
        from segstudio.formats.mat_hdf5 import read_hdf5

        return read_hdf5(path, content)
    with reading(path, "a MATLAB 5 file"):
        if len(content) < 128 or content[126:128] not in (b"IM", b"MI"):
            raise ValueError("the header is missing (version 4 is not read)")
        order = "<" if content[126:128] == b"IM" else ">"
        variables: dict[str, Any] = {}
        at = 128
        while at + 8 <= len(content):
            kind, data, at = _element(content, at, order)
            if kind == _COMPRESSED:
                kind, data, _ = _element(_inflated(data), 0, order)
            if kind == _MATRIX:
                name, value = _matrix(data, order, 0)
                variables[name] = value
        return variables


def _inflated(data: bytes) -> bytes:
    unpack = zlib.decompressobj()
    content = unpack.decompress(data, MAX_BYTES)
    if unpack.unconsumed_tail:
        raise ValueError("the variables are larger than labels of one picture can be")
    return content


def _element(content: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """(type, data, where the next element begins) of the element at `at`; raises `ValueError` where it is cut off."""
    first, size = struct.unpack_from(f"{order}II", content, at)
    if first >> 16:
        size = first >> 16
        if size > 4:
            raise ValueError("a small element is too large")
        return first & 0xFFFF, content[at + 4 : at + 4 + size], at + 8
    end = at + 8 + size
    if end > len(content):
        raise ValueError("the file is cut off")
    following = end if first == _COMPRESSED else end + (-size) % 8
    return first, content[at + 8 : end], following


def _matrix(data: bytes, order: str, depth: int) -> tuple[str, Any]:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if not data:
        return "", np.zeros((0, 0))
    _, flags, at = _element(data, 0, order)
    kind = struct.unpack_from(f"{order}I", flags)[0] & 0xFF
    _, raw_shape, at = _element(data, at, order)
    shape = tuple(int(v) for v in np.frombuffer(raw_shape, f"{order}i4"))
    count = 1
    for side in shape:
        count *= side
    if any(side < 0 for side in shape) or count > MAX_BYTES:
        raise ValueError(f"an array of {shape} cannot be")
    _, raw_name, at = _element(data, at, order)
    name = raw_name.decode("latin-1")
    if kind == _CELL:
        return name, _cells(data, at, order, count, depth)
    if kind == _STRUCT:
        return name, _structs(data, at, order, count, depth)
    values, at = _numbers(data, at, order)
    if values.size != count:
        raise ValueError(f"{values.size} values for {shape}")
    if kind == _CHAR:
        return name, "".join(map(chr, values.tolist()))
    if kind not in _NUMERIC:
        raise ValueError(f"arrays of kind {kind} are not read")
    return name, values.astype(_NUMERIC[kind]).reshape(shape, order="F")


def _numbers(data: bytes, at: int, order: str) -> tuple[NDArray[Any], int]:
    kind, raw, following = _element(data, at, order)
    if kind not in _DTYPES:
        raise ValueError(f"data of type {kind} are not read")
    return np.frombuffer(raw, np.dtype(f"{order}{_DTYPES[kind]}")), following


def _cells(data: bytes, at: int, order: str, count: int, depth: int) -> list[Any]:
    if count > MAX_ITEMS:
        raise ValueError("too many cells")
    cells = []
    for _ in range(count):
        _, inner, at = _element(data, at, order)
        cells.append(_matrix(inner, order, depth + 1)[1])
    return cells


def _structs(data: bytes, at: int, order: str, count: int, depth: int) -> Any:
    _, raw_width, at = _element(data, at, order)
    width = struct.unpack_from(f"{order}i", raw_width)[0]
    _, raw_names, at = _element(data, at, order)
    if not 0 < width <= 256 or count > MAX_ITEMS:
        raise ValueError("the names of a struct are damaged")
    parts = [raw_names[i : i + width] for i in range(0, len(raw_names), width)]
    names = [part.split(b"\0")[0].decode("latin-1") for part in parts]
    rows = []
    for _ in range(count):
        row: dict[str, Any] = {}
        for name in names:
            _, inner, at = _element(data, at, order)
            row[name] = _matrix(inner, order, depth + 1)[1]
        rows.append(row)
    return rows[0] if len(rows) == 1 else rows
