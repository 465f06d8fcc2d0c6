"""Embedding images beforehand: what is made, found again, left out, and what fails alone."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from segstudio.cli.main import run
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import Cancelled, UserError
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache, EmbeddingFiles
from segstudio.models.interactive.embedding import Embedding
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import Capabilities, SegmenterSpec
from segstudio.models.interactive.tasks import Encode
from segstudio.render.picture_file import read_pyramid
from segstudio.workflows.encoding import encode_items, encoded_of

SPEC = SegmenterSpec("any")


class Plain(Oracle):
    """Its embeddings are 1000 bytes large; it counts how many it made."""

    capabilities = Capabilities()

    def __init__(self):
        super().__init__()
        self.made = 0

    def encode(self, frame, *, cancel):
        self.made += 1
        return Embedding({"a": np.zeros(1000, np.uint8)}, frame.size_hw, frame.size_hw)


@pytest.fixture
def items(tmp_path):
    (tmp_path / "images").mkdir()
    found = []
    for number in range(6):
        pixels = np.random.default_rng(number).integers(0, 255, (20, 30, 3), dtype=np.uint8)
        path = tmp_path / "images" / f"{number}.png"
        Image.fromarray(pixels).save(path)
        found.append(ImageItem(str(number), path, (20, 30)))
    return found


class Bench:
    """Encodes in this process into a folder."""

    def __init__(self, folder):
        self.predictor, self.files = Plain(), EmbeddingFiles(folder)
        self.cache = EmbeddingCache(self.files)
        self.bench = PromptBench(lambda spec: self.predictor, self.cache)

    def __call__(self, task: Encode):
        replies = []
        self.bench.run(task, replies.append, CancelToken())
        return encoded_of(replies[-1])


def test_all_images_are_embedded_once_on_the_disk_and_take_no_memory(items, tmp_path):
    told, bench = [], Bench(tmp_path / "e")
    report = encode_items(items, bench, SPEC, limit_bytes=10**9, progress=lambda *row: told.append(row))
    assert (report.encoded, report.there, report.left_out, report.failed) == (6, 0, 0, ())
    assert bench.cache.used_bytes() == 0
    assert report.nbytes == bench.files.size_bytes()
    assert told[0][:2] == (0, 6)
    assert told[-1][:2] == (6, 6)
    assert "of about" in told[3][2]
    again = Bench(tmp_path / "e")
    second = encode_items(items, again, SPEC, limit_bytes=10**9)
    assert (second.encoded, second.there, again.predictor.made) == (0, 6, 0)
    assert second.nbytes == report.nbytes


def test_a_picture_that_was_edited_is_embedded_anew(items, tmp_path):
    encode_items(items, Bench(tmp_path / "e"), SPEC, limit_bytes=10**9)
    pixels = np.array(Image.open(items[2].path))
    pixels[3, 4, 1] ^= 1
    Image.fromarray(pixels).save(items[2].path)
    report = encode_items(items, Bench(tmp_path / "e"), SPEC, limit_bytes=10**9)
    assert (report.encoded, report.there) == (1, 5)


def test_it_stops_before_it_drives_out_what_it_made(items, tmp_path):
    report = encode_items(items, Bench(tmp_path / "e"), SPEC, limit_bytes=3500)
    assert (report.encoded, report.left_out) == (3, 3)
    assert "left out" in report.line()


def test_an_unreadable_picture_fails_alone(items, tmp_path):
    items[0].path.write_bytes(b"no picture")
    items[4].path.unlink()
    report = encode_items(items, Bench(tmp_path / "e"), SPEC, limit_bytes=10**9)
    assert report.encoded == 4
    assert [one.name for one in report.failed] == ["0", "4"]


def test_a_segmenter_that_does_not_work_is_told_once(items):
    def encode(task):
        raise UserError("no weights")

    with pytest.raises(UserError, match="no weights"):
        encode_items(items, encode, SPEC, limit_bytes=10**9)


def test_it_can_be_cancelled(items, tmp_path):
    token, bench = CancelToken(), Bench(tmp_path / "e")

    def encode(task):
        if bench.predictor.made == 2:
            token.cancel()
        return bench(task)

    with pytest.raises(Cancelled):
        encode_items(items, encode, SPEC, limit_bytes=10**9, cancel=token)
    assert bench.predictor.made == 3


def test_the_oracle_has_nothing_to_embed(items, tmp_path):
    bench = Bench(tmp_path / "e")
    bench.predictor.capabilities = Capabilities(reads_truth=True)
    with pytest.raises(UserError, match="ground truth"):
        encode_items(items, bench, SPEC, limit_bytes=10**9)


def test_the_verb_writes_where_the_window_looks(items, tmp_path, monkeypatch, capsys):
    pytest.importorskip("transformers")
    from segstudio.models.interactive.embedding import Frame, embedding_key
    from segstudio.models.interactive.opening import open_segmenter
    from segstudio.models.registry import default_registry

    monkeypatch.setenv("SEGSTUDIO_DATA", str(tmp_path / "data"))
    assert run(["encode", str(items[0].path.parent), "--model", "random-weights", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["encoded"], document["there"], document["failed"]) == (6, 0, [])
    predictor = open_segmenter(default_registry(), SegmenterSpec("random-weights"))
    key = embedding_key(Frame("x", read_pyramid(items[3].path).image_hwc), predictor.model_hash)
    assert EmbeddingFiles(tmp_path / "data" / "embeddings").get(key).size_hw == (20, 30)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["encode", "nowhere", "--model", "random-weights"], "nowhere"),
        (["encode", ".", "--model", "unet"], "unet"),
        (["encode", ".", "--model", "no-such-model"], "no-such-model"),
    ],
)
def test_bad_input_is_one_line(argv, said, items, monkeypatch, capsys):
    monkeypatch.chdir(items[0].path.parent)
    assert run(argv) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    assert said in told.err
