"""Row checksums: every row carries the seal of its values, so that a flipped byte is noticed, never shown."""

from __future__ import annotations

from hashlib import blake2b

Value = int | float | str | bytes | None


def seal(table: str, *values: Value) -> int:
    """A 64-bit checksum (BLAKE2b, as a signed integer) of a row's values, its key included.

    Seals of several rows combine by exclusive or into a digest of the set, in which a missing row shows as well.
    """
    blobs = [value for value in values if isinstance(value, bytes)]
    if not blobs:
        return plain_seal(table, values)
    digest = blake2b(digest_size=8)
    digest.update(f"{table}{tuple(len(v) if isinstance(v, bytes) else v for v in values)!r}".encode())
    for blob in blobs:
        digest.update(blob)
    return int.from_bytes(digest.digest(), "little", signed=True)


def plain_seal(table: str, values: tuple[Value, ...]) -> int:
    """The `seal` of values without bytes, for lists of many thousand rows."""
    return int.from_bytes(blake2b(f"{table}{values!r}".encode(), digest_size=8).digest(), "little", signed=True)
