"""What a segmenter makes of an image once: arrays that need numpy alone, their key, and their form on disk."""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

_MAGIC = b"SGE1"
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture to embed: uint8 `[H, W, 3]` RGB. `id` tells it from others as long as it is open.

    `truth_hw` uint16 `[H, W]`, a number for each thing, goes to predictors only that say that they read it.
    """

    id: str
    image_hwc: NDArray[np.uint8]
    truth_hw: NDArray[np.uint16] | None = None

    @property
    def size_hw(self) -> tuple[int, int]:
        return int(self.image_hwc.shape[0]), int(self.image_hwc.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """Arrays of one image by one model; `size_hw` is that of the image, `used_hw` that of what the network saw of it.

    Nothing writes to it: it is shared by all prompts of the image.
    """

    arrays: Mapping[str, NDArray[np.generic]]
    size_hw: tuple[int, int]
    used_hw: tuple[int, int]
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        return sum(array.nbytes for array in self.arrays.values())


def embedding_key(frame: Frame, model_hash: str) -> str:
    """The name under which an embedding is kept: of the pixels (and the truth, where it is read) and the model."""
    digest = hashlib.blake2b(digest_size=24)
    digest.update(f"{model_hash}|{frame.image_hwc.shape}".encode())
    for array in (frame.image_hwc, frame.truth_hw):
        if array is not None:
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def pack_embedding(embedding: Embedding) -> bytes:
    """Bytes from which `unpack_embedding` makes the same; not deflated, for halves of floats hardly shrink."""
    head = {
        "size": embedding.size_hw,
        "used": embedding.used_hw,
        "notes": dict(embedding.notes),
        "arrays": [[name, array.dtype.str, array.shape] for name, array in embedding.arrays.items()],
    }
    text = json.dumps(head).encode()
    body = b"".join(
        (_LENGTH.pack(len(text)), text, *(np.ascontiguousarray(array).tobytes() for array in embedding.arrays.values()))
    )
    return _MAGIC + _LENGTH.pack(zlib.crc32(body)) + body


def unpack_embedding(data: bytes) -> Embedding:
    """The embedding that `pack_embedding` made bytes of. Raises `ValueError` where they are damaged."""
    body = memoryview(data)[len(_MAGIC) + _LENGTH.size :]
    # Against torn writes and bad disks, not against people: a check that costs less than reading the file.
    if not data.startswith(_MAGIC + _LENGTH.pack(zlib.crc32(body))):
        raise ValueError("damaged, or written by another version")
    try:
        (length,) = _LENGTH.unpack_from(body)
        head = json.loads(bytes(body[_LENGTH.size : _LENGTH.size + length]))
        at, arrays = _LENGTH.size + length, {}
        for name, kind, shape in head["arrays"]:
            count = int(np.prod(shape))
            arrays[name] = np.frombuffer(body, np.dtype(kind), count, at).reshape(shape)
            at += arrays[name].nbytes
        (height, width), (used_height, used_width) = head["size"], head["used"]
        return Embedding(arrays, (height, width), (used_height, used_width), head["notes"])
    except (struct.error, KeyError, TypeError, IndexError) as error:
        raise ValueError(f"damaged: {error}") from None
