"""Label images: pixel values that are numbers, not colours, read and written exactly."""

from __future__ import annotations

import os
import struct
import tempfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.ops.image_file import Header, check_complete, header_of, is_tiff, read_bytes
from segstudio.ops.tiff import read_tiff

_GREY, _RGB, _PALETTE, _RGBA = 0, 2, 3, 6
_PIECE, _MOST_PIECES = 1 << 19, 8
"""Bytes that are worth a thread of their own when they are packed, and how many threads there may be."""

_MEM_LEVEL = 6
"""Run lengths need none of zlib's tables of past strings: small ones, which it shifts with its window, pack faster."""


def read_label_png(path: str | Path) -> NDArray[Any]:
    """The stored numbers of a label image: palette indices, 1…16-bit grey (`[H, W]`), or RGB(A) (`[H, W, 3 or 4]`).

    Nothing is scaled, oriented or coloured. Also reads palette and grey images of other formats without loss
    (TIFF, BMP, GIF). Raises `UserError` naming the file where it is missing, damaged or cut off.
    """
    path = Path(path)
    if is_tiff(path):
        return read_tiff(path)[0]
    data = read_bytes(path)
    header = header_of(path, data)
    check_complete(path, header, data)
    pixels = _with_opencv(header, data) if header.format == "PNG" else None
    if pixels is None:
        pixels = _with_pillow(path, data)
    if header.bits in (2, 4) and header.format == "PNG" and data[25] == _GREY:
        # Both decoders stretch 2- and 4-bit grey to 0…255.
        pixels = pixels // (255 // (2**header.bits - 1))
    if pixels.shape[:2] != header.size_hw:
        raise UserError(f"{path}: is a damaged image")
    return pixels


def _with_opencv(header: Header, data: bytes) -> NDArray[Any] | None:
    kind = data[25]
    if header.bits < 8 or kind not in (_GREY, _RGB, _RGBA):
        return None
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if pixels is None or kind == _GREY:
        return pixels
    # A transparent colour makes OpenCV add an alpha channel that the file does not have.
    order = cv2.COLOR_BGRA2RGBA if kind == _RGBA else cv2.COLOR_BGR2RGB
    return np.asarray(cv2.cvtColor(pixels if kind == _RGBA else np.ascontiguousarray(pixels[:, :, :3]), order))


def _with_pillow(path: Path, data: bytes) -> NDArray[Any]:
    try:
        with Image.open(BytesIO(data)) as picture:
            picture.load()
            pixels = np.array(picture)
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise UserError(f"{path}: is a damaged image: {str(error) or type(error).__name__}") from None
    return pixels.astype(np.uint8) if pixels.dtype == np.bool_ else pixels


def write_png(
    path: str | Path,
    pixels: NDArray[Any],
    *,
    palette_rgb: NDArray[np.uint8] | None = None,
    level: int = 3,
    flush: bool = True,
) -> None:
    """Write uint8 or uint16 grey `[H, W]`, RGB or RGBA `[H, W, 3 or 4]`, or palette indices with `palette_rgb`.

    `palette_rgb` is uint8 `[N ≤ 256, 3]` and makes a palette PNG of uint8 indices; `level` is deflate's, 0…9. The file
    appears whole or not at all; without `flush` it may be lost with the power, as suits a place that is flushed as a
    whole later. Raises `UserError` where the folder is missing, `EnvironmentFault` where the disk
    refuses.
    """
    path = Path(path)
    encoded = _palette_png(pixels, palette_rgb, level) if palette_rgb is not None else _plain_png(pixels, level)
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no folder {path.parent}")
    write_whole(path, encoded, flush=flush)


def write_whole(path: Path, data: bytes, *, flush: bool = True) -> None:
    """Replace `path` by `data` so that a reader sees the old file or the new one, never half of it."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                if flush:
                    file.flush()
                    os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFault(f"{path}: cannot be written: {error.strerror or error}") from None


def _plain_png(pixels: NDArray[Any], level: int) -> bytes:
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"a PNG holds uint8 or uint16, not {pixels.dtype}")
    if pixels.ndim == 2 and pixels.size:
        return _label_png(pixels, _GREY, level)
    if pixels.ndim == 3 and len(pixels) > 1 and pixels.size and pixels.shape[2] in (3, 4) and _repeats(pixels):
        return _label_png(pixels, _RGB if pixels.shape[2] == 3 else _RGBA, level)
    stored = np.ascontiguousarray(pixels)
    if stored.ndim == 3:
        stored = np.asarray(cv2.cvtColor(stored, cv2.COLOR_RGB2BGR if stored.shape[2] == 3 else cv2.COLOR_RGBA2BGRA))
    done, encoded = cv2.imencode(".png", stored, [cv2.IMWRITE_PNG_COMPRESSION, level])
    if not done:
        raise ValueError(f"an array of shape {pixels.shape} is no picture")
    return encoded.tobytes()


def _repeats(pixels_hwc: NDArray[Any]) -> bool:
    """Whether most pixels are like the one above, as in a coloured label map and not in a photograph."""
    step = max(1, len(pixels_hwc) // 32)
    return bool(np.mean(pixels_hwc[1::step] == pixels_hwc[:-1:step][: len(pixels_hwc[1::step])]) > 0.9)


def _label_png(pixels: NDArray[Any], kind: int, level: int, palette_rgb: NDArray[np.uint8] | None = None) -> bytes:
    """Labels repeat from row to row: the difference to the row above is mostly zeros, which run lengths pack best.

    PNG specification (third edition), sections 5 and 9.2 (filter type 2, Up); on label maps about four times as fast as
    OpenCV's encoder, and smaller.
    """
    height, width = pixels.shape[:2]
    rows_hw = pixels.reshape(height, -1)
    count = max(1, min(os.cpu_count() or 1, _MOST_PIECES, rows_hw.nbytes // _PIECE))
    starts = [height * index // count for index in range(count)]
    ends = [*starts[1:], height]
    if count == 1:
        pieces = [_packed_rows(rows_hw, 0, height, level)]
    else:
        with ThreadPoolExecutor(count - 1) as pool:
            others = [pool.submit(_packed_rows, rows_hw, starts[i], ends[i], level) for i in range(1, count)]
            first = _packed_rows(rows_hw, starts[0], ends[0], level)
            pieces = [first, *(other.result() for other in others)]
    row_bytes = 1 + rows_hw.shape[1] * rows_hw.dtype.itemsize
    total = 1
    for start, end, (_, part) in zip(starts, ends, pieces, strict=True):
        total = _joined_adler(total, part, (end - start) * row_bytes)
    stream = b"".join((b"\x78\x01", *(packed for packed, _ in pieces), struct.pack(">I", total)))
    header = struct.pack(">IIBBBBB", width, height, 8 * pixels.dtype.itemsize, kind, 0, 0, 0)
    palette = b"" if palette_rgb is None else _chunk(b"PLTE", np.ascontiguousarray(palette_rgb, np.uint8).tobytes())
    return b"".join(
        (b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", header), palette, _chunk(b"IDAT", stream), _chunk(b"IEND", b""))
    )


def _packed_rows(rows_hw: NDArray[Any], start: int, end: int, level: int) -> tuple[bytes, int]:
    """(raw deflate data, Adler-32) of the filtered rows `start` … `end`, complete where they are the last ones.

    zlib and NumPy let go of the interpreter, so pieces are packed side by side. A piece that ends in a full flush may
    be followed by the next (RFC 1951).
    """
    above = max(start - 1, 0)
    big_endian = rows_hw[above:end].astype(f">u{rows_hw.dtype.itemsize}", copy=False)
    rows = np.ascontiguousarray(big_endian).view(np.uint8)
    filtered = np.empty((end - start, rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = 2
    np.subtract(rows[1:], rows[:-1], out=filtered[above + 1 - start :, 1:])
    if start == 0:
        filtered[0, 1:] = rows[0]
    packer = zlib.compressobj(level, wbits=-zlib.MAX_WBITS, memLevel=_MEM_LEVEL, strategy=zlib.Z_RLE)
    packed = packer.compress(filtered.data)
    packed += packer.flush(zlib.Z_FINISH if end == len(rows_hw) else zlib.Z_FULL_FLUSH)
    return packed, zlib.adler32(filtered.data)


def _joined_adler(first: int, second: int, second_bytes: int) -> int:
    """The Adler-32 of two pieces after each other from theirs (RFC 1950, section 8.2)."""
    low = (first & 0xFFFF) + (second & 0xFFFF) - 1
    high = (first >> 16) + (second >> 16) + second_bytes * ((first & 0xFFFF) - 1)
    return high % 65521 << 16 | low % 65521


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _palette_png(indices_hw: NDArray[Any], palette_rgb: NDArray[np.uint8], level: int) -> bytes:
    if indices_hw.dtype != np.uint8 or indices_hw.ndim != 2:
        raise ValueError("a palette PNG holds uint8 indices of two axes")
    return _label_png(indices_hw, _PALETTE, level, palette_rgb)
