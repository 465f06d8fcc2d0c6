"""Row checksums: every row carries the seal of its values, so that a flipped byte is noticed, never shown."""

from __future__ import annotations

from hashlib import blake2b

Value = int | float | str | bytes | None


def seal(table: str, *values: Value) -> int:
    """A 64-bit checksum (BLAKE2b, as a signed integer) of a row's values, its key included.

    Seals of several rows combine by exclusive or into a digest of the set, in which a missing row shows as well.
    """
    plain = [len(value) if isinstance(value, bytes) else value for value in values]
    digest = blake2b(f"{table}{plain!r}".encode(), digest_size=8)
    for value in values:
        if isinstance(value, bytes):
            digest.update(value)
    return int.from_bytes(digest.digest(), "little", signed=True)
