"""Embeddings kept in memory and on disk: keys, damage, bytes, and that nobody embeds the same image twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.models.interactive.cache import EmbeddingCache, EmbeddingFiles
from segstudio.models.interactive.embedding import (
    Embedding,
    Frame,
    embedding_key,
    pack_embedding,
    unpack_embedding,
)


def embedding(kilobytes=8, value=1.0):
    return Embedding({"image": np.full((kilobytes, 512), value, np.float16)}, (60, 90), (683, 1024), {"a": "b"})


def frame(value=0):
    return Frame("a", np.full((6, 9, 3), value, np.uint8))


def test_the_key_follows_pixels_and_model():
    keys = [
        embedding_key(frame(), "one"),
        embedding_key(frame(1), "one"),
        embedding_key(frame(), "two"),
        embedding_key(Frame("a", np.zeros((9, 6, 3), np.uint8)), "one"),
    ]
    assert len(set(keys)) == 4
    assert embedding_key(Frame("other name", frame().image_hwc), "one") == keys[0]


def test_what_is_written_comes_back(tmp_path):
    cache = EmbeddingCache(EmbeddingFiles(tmp_path))
    cache.get_or_make("k", embedding)
    again = EmbeddingCache(EmbeddingFiles(tmp_path)).get("k")
    np.testing.assert_array_equal(again.arrays["image"], embedding().arrays["image"])
    assert (again.size_hw, again.used_hw, again.notes) == ((60, 90), (683, 1024), {"a": "b"})


@given(st.data())
def test_damage_is_noticed(data):
    packed = bytearray(pack_embedding(embedding()))
    place = data.draw(st.integers(0, len(packed) - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValueError, match="damaged"):
        unpack_embedding(bytes(packed))
    with pytest.raises(ValueError, match="damaged"):
        unpack_embedding(bytes(packed[:place]))


def test_a_damaged_file_is_made_again(tmp_path):
    files = EmbeddingFiles(tmp_path)
    EmbeddingCache(files).get_or_make("k", embedding)
    path = next(tmp_path.glob("*.embedding"))
    path.write_bytes(path.read_bytes()[:-7])
    made = []
    found = EmbeddingCache(EmbeddingFiles(tmp_path)).get_or_make("k", lambda: made.append(1) or embedding())
    assert made == [1]
    assert found.size_hw == (60, 90)


def test_memory_and_disk_keep_to_their_bytes(tmp_path):
    files = EmbeddingFiles(tmp_path, limit_bytes=40_000)
    cache = EmbeddingCache(files, memory_bytes=20_000)
    for number in range(10):
        cache.get_or_make(str(number), embedding)
        assert cache.used_bytes() <= 20_000
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 40_000
    assert cache.get("9") is not None
    assert cache.get("0") is None
    assert EmbeddingCache(memory_bytes=1).get_or_make("large", embedding).nbytes > 1


def test_one_key_is_made_once_by_many_threads():
    cache, made, go = EmbeddingCache(), [], threading.Barrier(6)

    def make():
        made.append(1)
        return embedding()

    def ask():
        go.wait()
        cache.get_or_make("k", make)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [1]


def test_what_fails_is_not_kept_and_can_be_tried_again():
    cache = EmbeddingCache()
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("k", lambda: 1 // 0)
    assert cache.get_or_make("k", embedding).size_hw == (60, 90)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_kill_during_writing_leaves_nothing_that_reads_wrong(tmp_path):
    """A process that writes without end is killed at odd times; what is found afterwards is whole."""
    code = textwrap.dedent(f"""
        import numpy as np
        from pathlib import Path
        from segstudio.models.interactive.cache import EmbeddingFiles
        from segstudio.models.interactive.embedding import Embedding
        files = EmbeddingFiles(Path({str(tmp_path)!r}))
        print("ready", flush=True)
        number = 0
        while True:
            number += 1
            files.put(str(number % 4), Embedding({{"image": np.full((512, 2048), number, np.float16)}}, (1, 1), (1, 1)))
    """)
    for tries in range(3):
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        child.stdout.readline()
        threading.Event().wait(0.05 + 0.037 * tries)
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
        child.stdout.close()
        for key in "0123":
            found = EmbeddingFiles(tmp_path).get(key)
            if found is not None:
                assert len(np.unique(found.arrays["image"])) == 1
