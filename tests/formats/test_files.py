"""What a reader may open, and in which order files come."""

from __future__ import annotations

import os

import pytest

from segstudio import formats
from segstudio.core.errors import UserError
from segstudio.formats.files import inside, list_files, natural_key, read_json


def test_names_are_ordered_as_people_count():
    assert sorted(["a10", "a9", "b1", "A1"], key=natural_key) == ["A1", "a9", "a10", "b1"]


@pytest.mark.parametrize("name", ["../a.jpg", "/etc/passwd", "a/../../b", "C:\\a.jpg", "..\\a.jpg", "", "a\0b"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(UserError):
        inside(tmp_path, name)


def test_links_that_lead_out_are_refused_and_inner_ones_followed(tmp_path, photo):
    root = tmp_path / "data"
    photo(root / "a.png")
    photo(tmp_path / "secret.png")
    (root / "inner.png").symlink_to("a.png")
    (root / "outer.png").symlink_to(tmp_path / "secret.png")
    listing = list_files(root)
    assert listing.files == ["a.png", "inner.png"]
    assert listing.refused == [("outer.png", "a link that leads out of the data set")]
    dataset = formats.read(root)
    assert [s.name for s in dataset.skipped] == ["outer.png"]
    with pytest.raises(UserError, match="link"):
        inside(root, "outer.png")


def test_a_name_that_is_not_utf8_is_skipped_with_a_reason(tmp_path, photo):
    root = tmp_path / "data"
    photo(root / "a.png")
    try:
        os.link(os.fsencode(root / "a.png"), os.fsencode(root) + b"/b\xff.png")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    dataset = formats.read(root)
    assert [item.key for item in dataset] == ["a"]
    assert "UTF-8" in dataset.skipped[0].reason


@pytest.mark.parametrize("content", [b"", b"{", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_damaged_json_is_one_line_that_names_the_file(tmp_path, content):
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bad\.json: not JSON") as raised:
        read_json(path)
    assert "\n" not in str(raised.value)


def test_a_folder_of_pictures_keeps_its_structure_in_the_keys(tmp_path, photo):
    for name in ("b/2.png", "b/10.png", "a.jpg", "a.png"):
        photo(tmp_path / "set" / name)
    dataset = formats.read(tmp_path / "set")
    assert [item.key for item in dataset] == ["a", "a.png", "b/2", "b/10"]
    assert dataset.format == "images"
    assert all(item.read_annotation is None for item in dataset)


def test_one_picture_is_a_data_set_of_one(tmp_path, photo):
    dataset = formats.read(photo(tmp_path / "one.jpg", (5, 9)))
    assert [(item.key, item.size_hw) for item in dataset] == [("one", (5, 9))]


def test_a_text_is_no_picture(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("hello")
    with pytest.raises(UserError, match=r"a\.png"):
        formats.read(path)


@pytest.mark.parametrize("name", ["x" * 256, "é" * 128, "/".join(["y" * 200] * 25)])
def test_names_that_no_file_system_holds_are_refused_in_words(tmp_path, name):
    with pytest.raises(UserError, match="longer than a file name can be"):
        inside(tmp_path, name)
    assert inside(tmp_path, "x" * 255).name == "x" * 255
