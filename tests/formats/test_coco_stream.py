"""Large COCO files read by their brackets: the same annotations as from the whole document, in little memory."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio import formats
from segstudio.core.errors import UserError
from segstudio.formats import coco_stream
from tests.formats.mutations import mutated
from tests.formats.test_hostile_files import read_everything

ODD_TEXTS = ['"', "\\", '\\"', '{"annotations":[', "]}", "é", "a\\\\", ""]
texts = st.one_of(st.sampled_from(ODD_TEXTS), st.text(max_size=8))
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-99, 99), texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)
rows = st.one_of(st.dictionaries(texts, values, max_size=4), st.lists(values, max_size=3))


@pytest.fixture(autouse=True)
def _tiny_chunks(monkeypatch):
    monkeypatch.setattr(coco_stream, "LARGE", 0)
    monkeypatch.setattr(coco_stream, "_CHUNK", 13)


@given(
    before=st.dictionaries(texts.filter(lambda t: t != "annotations"), values, max_size=3),
    wanted=st.lists(rows, max_size=6),
    after=st.dictionaries(texts.map(lambda t: f"{t}~"), values, max_size=3),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
def test_any_document_is_split_into_its_rows_and_the_rest(tmp_path_factory, before, wanted, after, indent, ascii_only):
    document = {**before, "annotations": wanted, **after}
    path = tmp_path_factory.mktemp("s") / "d.json"
    path.write_text(json.dumps(document, indent=indent, ensure_ascii=ascii_only), encoding="utf-8", errors="replace")
    expected = orjson.loads(path.read_bytes())
    rest, places = coco_stream.split_document(path, "annotations")
    assert rest == {**expected, "annotations": []}
    assert [row for _, row in places.all()] == expected["annotations"]
    assert places.some(range(len(places))) == expected["annotations"]


@pytest.mark.parametrize("name", ["coco-instances-ccby", "layouts-tiny-datumaro/coco_dataset/coco_instances"])
def test_streaming_gives_what_reading_as_a_whole_gives(shared_data, name, monkeypatch):
    streamed = formats.read(shared_data / name, "coco-instances")
    monkeypatch.setattr(coco_stream, "LARGE", 1 << 30)
    whole = formats.read(shared_data / name, "coco-instances")
    assert streamed.class_set == whole.class_set
    assert [item.key for item in streamed] == [item.key for item in whole]
    for one, other in zip(streamed, whole, strict=True):
        assert one.read_annotation() == other.read_annotation()


def test_damaged_files_are_refused_or_read_in_part(coco_file):
    path = coco_file()
    original = path.read_bytes()
    rng = random.Random(0)
    readable = 0
    for _ in range(400):
        path.write_bytes(mutated(original, path.name, rng))
        readable += read_everything(path.parent, "coco-instances")
    assert 0 < readable < 400


def test_numbers_among_the_rows_do_not_move_them(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"annotations": [1, {"id": 1}, null, [2], {"id": 3}], "images": []}')
    _, places = coco_stream.split_document(path, "annotations")
    assert [row for _, row in places.all()] == [{"id": 1}, [2], {"id": 3}]


def test_brackets_without_a_partner_are_an_error(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"annotations": [{"id": 1}, {"id": 2')
    with pytest.raises(UserError, match=r"a\.json: not JSON"):
        coco_stream.split_document(path, "annotations")


_MEASURE = """
import resource, sys
from segstudio import formats
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
dataset = formats.read(sys.argv[1], "coco-instances")
objects = sum(len(item.read_annotation().objects) for item in dataset.images[:100])
print(len(dataset), objects, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.slow
def test_half_a_gigabyte_is_read_in_less_memory_than_it_has(tmp_path):
    path = tmp_path / "big.json"
    rng = np.random.default_rng(0)
    ring = rng.uniform(0, 400, 400).round(2).tolist()
    row = {"category_id": 1, "segmentation": [ring], "area": 9.5, "bbox": [1.0, 2.0, 3.5, 4.5], "iscrowd": 0}
    tail = orjson.dumps(row)[1:]
    images = [{"id": i, "file_name": f"{i}.jpg", "height": 480, "width": 640} for i in range(10_000)]
    with path.open("wb") as stream:
        stream.write(b'{"images":' + orjson.dumps(images) + b',"annotations":[')
        stream.write(b",".join(b'{"id":%d,"image_id":%d,%b' % (n, n % 10_000, tail) for n in range(190_000)))
        stream.write(b'],"categories":[{"id":1,"name":"car"}]}')
    size = path.stat().st_size
    assert size > 500e6
    root = Path(__file__).parents[2]
    shown = subprocess.run([sys.executable, "-c", _MEASURE, path], cwd=root, capture_output=True, check=True, text=True)
    count, objects, memory = map(int, shown.stdout.split())
    assert (count, objects) == (10_000, 1900)
    assert memory < 0.5 * size
