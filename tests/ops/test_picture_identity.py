"""What tells a picture's file from another."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from segstudio.ops.picture_identity import END_BYTES, identity_of


@pytest.mark.parametrize("size", [0, 1, END_BYTES, END_BYTES + 1, 2 * END_BYTES, 2 * END_BYTES + 1, 5 * END_BYTES])
def test_size_and_both_ends_count(tmp_path, size):
    content = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()
    file = tmp_path / "a.png"
    file.write_bytes(content)
    ends = content if size <= 2 * END_BYTES else content[:END_BYTES] + content[-END_BYTES:]
    assert identity_of(file) == f"{size}:{hashlib.blake2b(ends, digest_size=16).hexdigest()}"


def test_same_content_elsewhere_is_the_same_and_one_byte_is_not(tmp_path):
    content = bytes(1000)
    for name, data in (("a.png", content), ("b.png", content), ("c.png", content[:-1] + b"x"), ("d.png", content[1:])):
        (tmp_path / name).write_bytes(data)
    first, *others = (identity_of(tmp_path / name) for name in ("a.png", "b.png", "c.png", "d.png"))
    assert [other == first for other in others] == [True, False, False]


def test_no_file_and_labels_beside_the_picture_have_none(tmp_path):
    (tmp_path / "labels.json").write_text("{}")
    assert identity_of(tmp_path / "labels.json") == ""
    assert identity_of(tmp_path / "gone.png") == ""
