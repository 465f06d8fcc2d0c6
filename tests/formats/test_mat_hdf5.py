"""MATLAB 7.3 files: written here as MATLAB lays them out in HDF5 (columns first, structs as groups of references)."""

import sys
from io import BytesIO

import numpy as np
import pytest

from segstudio import formats
from segstudio.core.errors import UserError
from segstudio.formats.mat_files import read_mat

MASK = np.arange(24).reshape(4, 6) % 7 == 0


def _put(h5py, parent, name, value, kind):
    item = parent.create_dataset(name, data=value)
    item.attrs["MATLAB_class"] = np.bytes_(kind)
    return item


def _text(text):
    return np.array([[ord(letter)] for letter in text], np.uint16)


def _write(path, fill):
    h5py = pytest.importorskip("h5py")
    memory = BytesIO()
    with h5py.File(memory, "w", userblock_size=512) as file:
        fill(h5py, file)
    head = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(head + memory.getvalue()[128:])


def test_a_label_map_of_pascal_context(tmp_path, photo):
    values = np.array([[1, 2, 3, 2, 1, 1]] * 4, np.uint16)
    (tmp_path / "trainval").mkdir()
    (tmp_path / "labels.txt").write_text("1: accordion\n2: aeroplane\n3: airpot\n")
    path = tmp_path / "trainval" / "2008_000002.mat"
    _write(path, lambda h5py, file: _put(h5py, file, "LabelMap", values.T, "uint16"))
    np.testing.assert_array_equal(read_mat(path)["LabelMap"], values)
    annotation = formats.read(tmp_path).images[0].read_annotation()
    assert annotation.size_hw == (4, 6)


def test_objects_and_parts_of_pascal_part(tmp_path):
    def fill(h5py, file):
        refs = file.create_group("#refs#")
        anno = file.create_group("anno")
        objects = anno.create_group("objects")
        for name, values, kind in (
            ("class", [_text("car"), _text("dog")], "char"),
            ("mask", [MASK.T.astype(np.uint8)] * 2, "uint8"),
            ("parts", [np.zeros(2, np.uint64)] * 2, "struct"),
        ):
            made = [_put(h5py, refs, f"{name}{i}", value, kind) for i, value in enumerate(values)]
            if name == "parts":
                for item in made:
                    item.attrs["MATLAB_empty"] = np.uint8(1)
            objects.create_dataset(name, data=np.array([[item.ref] for item in made], h5py.ref_dtype))

    (tmp_path / "Annotations_Part").mkdir()
    path = tmp_path / "Annotations_Part" / "2008_000003.mat"
    _write(path, fill)
    dataset = formats.read(tmp_path, "pascal-part")
    found = dataset.images[0].read_annotation().objects
    assert [dataset.class_set.by_id[item.class_id].name for item in found] == ["car", "dog"]


def test_without_h5py_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    path = tmp_path / "a.mat"
    path.write_bytes(bytes(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(UserError, match="needs h5py"):
        read_mat(path)


def test_damaged_files_are_refused(tmp_path):
    path = tmp_path / "a.mat"
    _write(path, lambda h5py, file: _put(h5py, file, "LabelMap", np.zeros((8, 8), np.uint8), "uint8"))
    whole = path.read_bytes()
    rng = np.random.default_rng(0)
    messages = []
    for _ in range(60):
        damaged = bytearray(whole)
        damaged[rng.integers(512, len(whole))] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(damaged[: rng.integers(520, len(whole) + 1)]))
        try:
            read_mat(path)
        except UserError as error:
            messages.append(str(error))
    assert messages
    assert not any("\n" in message for message in messages)
