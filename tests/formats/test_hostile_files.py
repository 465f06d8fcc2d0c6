"""Damaged and unfriendly files: a clear error or a clean partial read, and never a changed source file."""

from __future__ import annotations

import hashlib
import random
import resource
import time

import pytest

from segstudio import formats
from segstudio.core.errors import UserError
from tests.formats.mutations import mutated
from tests.formats.samples import ALL, place

QUICK, THOROUGH = 40, 2000
LONGEST_S = 5.0
MOST_MB = 1000


def files_of(root):
    return sorted(p for p in root.rglob("*") if p.is_file() and not p.name.startswith("LICENSE"))


def digest(root):
    return {str(p.relative_to(root)): hashlib.sha1(p.read_bytes()).hexdigest() for p in files_of(root)}


def read_everything(root, name):
    """Open and read all; returns how many images gave labels. Only `UserError` may come out, one line each."""
    messages = []
    readable = 0
    try:
        dataset = formats.read(root, name)
    except UserError as error:
        dataset, messages = (), [str(error)]
    for item in dataset:
        if item.path is not None:
            assert item.path.resolve().is_relative_to(root.resolve())
        try:
            readable += bool(item.read_annotation and item.read_annotation())
        except UserError as error:
            messages.append(str(error))
    messages += [skipped.reason for skipped in dataset.skipped] if dataset else []
    assert all(message and "\n" not in message and len(message) < 1000 for message in messages)
    return readable


def attack(name, shared_data, tmp_path, count, *, timed=False):
    root = place(name, shared_data, tmp_path / "data")
    rng = random.Random(f"{name} {count}")
    original = {p: p.read_bytes() for p in files_of(root)}
    whole = read_everything(root, name)
    slowest = 0.0
    for _ in range(count):
        victim = rng.choice(list(original))
        victim.write_bytes(mutated(original[victim], victim.name, rng))
        before = digest(root)
        started = time.monotonic() if timed else 0.0
        try:
            formats.detect(root)
            read_everything(root, name)
        except Exception:
            (tmp_path / "culprit").write_bytes(victim.read_bytes())
            raise
        slowest = max(slowest, time.monotonic() - started) if timed else 0.0
        assert digest(root) == before
        victim.write_bytes(original[victim])
    assert read_everything(root, name) == whole
    return whole, slowest


@pytest.mark.parametrize("name", ALL)
def test_mutated_files_give_errors_or_partial_reads(name, shared_data, tmp_path):
    whole, _ = attack(name, shared_data, tmp_path, QUICK)
    assert whole > 0 or name == "images"


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL)
def test_two_thousand_mutated_files_cost_little_time_and_memory(name, shared_data, tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _, slowest = attack(name, shared_data, tmp_path, THOROUGH, timed=True)
    assert slowest < LONGEST_S
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < MOST_MB


@pytest.mark.parametrize("name", ALL)
def test_every_sample_is_recognised_by_its_content(name, shared_data, tmp_path):
    root = place(name, shared_data, tmp_path / "renamed")
    best = formats.detect(root)[0]
    assert best.name == name
    assert formats.read(root).format == name


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("coco-results", "images")])
def test_a_link_out_of_the_tree_is_not_followed(name, shared_data, tmp_path):
    root = place(name, shared_data, tmp_path / "data")
    secret = tmp_path / "secret.png"
    pictures = [p for p in files_of(root) if p.suffix in (".png", ".jpg")]
    for picture in pictures:
        picture.rename(secret)
        picture.symlink_to(secret)
        read_everything(root, name)
        picture.unlink()
        secret.rename(picture)
    assert pictures or name in ("labelme", "label-studio", "pascal-part")
