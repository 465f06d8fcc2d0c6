"""The report of a comparison: one file that needs nothing else, with everything that a reader must know."""

from __future__ import annotations

import hashlib
import re
import subprocess
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest
from PIL import Image

from segstudio.core.class_set import ClassSet
from segstudio.metrics.agreement import Agreement
from segstudio.workflows.compare import compare
from segstudio.workflows.comparison_report import Circumstances, metric_title, write_report
from segstudio.workflows.fingerprint import fingerprint, versions
from segstudio.workflows.measured_costs import all_costs, costs_file, costs_of, remember_costs
from segstudio.workflows.telling_images import most_telling, telling_images
from segstudio.workflows.verdict import verdict

CLASSES = ClassSet.of_names(["road", "<house>", "car & van"])


class Reader(HTMLParser):
    """Collects every address that a page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []
        self.images = 0
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.asked += [values[name] for name in ("src", "href", "srcset", "action", "data") if name in values]
        self.images += tag == "img"
        assert tag not in ("script", "link", "iframe", "object", "embed")
        if tag not in ("meta", "img", "path", "circle", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("path", "circle", "rect"):
            assert self.open.pop() == tag


@pytest.fixture
def models(tmp_path):
    random = np.random.default_rng(2)
    for number in range(12):
        truth = random.integers(0, 3, (6, 8)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
        a, b = (np.where(random.random(truth.shape) < wrong, (truth + 1) % 3, truth) for wrong in (0.1, 0.3))
        truth[:8] = 255
        for folder, pixels in (("t", truth), ("one", a), ("two", b)):
            (tmp_path / folder).mkdir(exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / folder / f"im{number}.png")
    return tmp_path


@pytest.fixture
def page(models):
    paths = models / "t", models / "one", models / "two"
    document = compare(*paths, classes=CLASSES, resamples=200).to_json()
    rows = [(row["name"], row["miou_a"], row["miou_b"]) for row in document["per_image"]]
    around = Circumstances(
        inputs={what: fingerprint(path) for what, path in zip(("truth", "A", "B"), paths, strict=True)},
        versions=versions(),
        images=telling_images(*paths, most_telling(rows, 4), classes=CLASSES),
        notes=["im9 <was> odd"],
    )
    write_report(models / "r.html", document, name_a="one", name_b="t&wo", circumstances=around)
    return (models / "r.html").read_text(encoding="utf-8")


def test_the_page_asks_for_nothing_outside_itself(page):
    reader = Reader()
    reader.feed(page)
    assert reader.images == 4 * 4
    assert all(address.startswith("data:image/jpeg;base64,") for address in reader.asked)
    assert not re.search(r"url\(|@import|https?://|<script", page)
    assert not reader.open


def test_the_page_says_what_was_measured_of_what(page, models):
    listing = subprocess.run("sha256sum *", shell=True, cwd=models / "one", capture_output=True, check=True).stdout
    names = sorted(path.name for path in (models / "one").iterdir())
    by_name = {line.split("  ")[1]: line for line in listing.decode().splitlines()}
    expected = hashlib.sha256("".join(f"{by_name[name]}\n" for name in names).encode()).hexdigest()
    for text in (
        expected,
        versions()["numpy"],
        "accumulate",
        "t&amp;wo",
        "&lt;house&gt;",
        "car &amp; van",
        "&lt;was&gt;",
    ):
        assert text in page
    assert "<house>" not in page
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_the_page_counts_the_images_that_each_side_wins(page):
    assert "B is higher in 0" in page
    assert "A in 12" in page
    assert "one is better than t&amp;wo by" in page


def test_the_most_telling_images_are_of_both_sides():
    rows = [(f"b{n}", 0.1, 0.2 + n / 100) for n in range(50)] + [("a0", 0.9, 0.1), ("a1", 0.5, 0.49)]
    rows += [("none", None, 0.4), ("same", 0.3, 0.3)]
    chosen = most_telling(rows, 6)
    assert chosen == ["a0", "b49", "b48", "b47", "b46", "a1"]
    assert most_telling(rows[50:], 6) == ["a0", "a1"]
    assert most_telling([], 6) == []


def test_the_pictures_count_who_is_right(models):
    found = telling_images(models / "t", models / "one", models / "two", ["im3", "im1"], classes=CLASSES)
    assert [one.name for one in found] == ["im3", "im1"]
    truth, a, b = (np.array(Image.open(models / side / "im1.png")) for side in ("t", "one", "two"))
    valid = truth != 255
    assert found[1].pixels[Agreement.ONLY_A_RIGHT] == np.sum((a == truth) & (b != truth) & valid)
    assert found[1].pixels[Agreement.VOID] == np.sum(~valid)
    drawn = cv2.imdecode(np.frombuffer(found[1].truth, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert drawn.shape == (240, 320, 3)
    for row, column in ((20, 4), (40, 44)):
        color = np.array(CLASSES.evaluated[truth[row, column]].color, int)
        assert np.abs(drawn[row * 5 + 2, column * 5 + 2].astype(int) - color).max() < 25


def document(delta, low, high, p_value, *, images=50, units=50):
    found = {"miou": delta, "ci95": [low, high], "p_value": p_value, "minimum_detectable": 0.02, "units": units}
    return {"a": {"task": "semantic", "images": images}, "delta": found}


def test_the_verdict_claims_no_more_than_the_numbers():
    assert verdict(document(0.05, 0.02, 0.08, 0.001), "x", "y").winner == "b"
    assert verdict(document(-0.05, -0.08, -0.02, 0.001), "x", "y").winner == "a"
    open_ = verdict(document(0.05, -0.01, 0.08, 0.001), "x", "y")
    assert open_.winner == ""
    assert "cannot be told apart" in open_.text
    assert "below about 2.00 points" in open_.small_print
    assert verdict(document(0.05, 0.001, 0.08, 0.07), "x", "y").winner == ""
    assert "1 image cannot" in verdict(document(0.05, None, None, None, images=1), "x", "y").text
    assert "in 4 sequences" in verdict(document(0.05, 0.02, 0.08, 0.001, units=4), "x", "y").small_print


def test_metrics_have_the_names_that_people_write():
    names = ["miou", "miou_per_image", "micro_iou", "pq_things", "ap50", "ar_100", "mean_dice", "f1_50"]
    expected = ["mIoU", "mIoU per image", "micro IoU", "PQ things", "AP50", "AR 100", "mean dice", "F1 at IoU 0.5"]
    assert [metric_title(name) for name in names] == expected


def test_costs_are_kept_by_model_input_device_and_way(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_DATA", str(tmp_path / "data"))
    assert all_costs() == []
    row = {"model": "unet", "input_size": [64, 32], "device": "cpu", "how": "float32", "fps": 3.0}
    remember_costs([row, row | {"model": "unet-large"}])
    remember_costs([row | {"fps": 4.0}])
    assert [one["fps"] for one in costs_of("unet")] == [4.0]
    assert [one["model"] for one in costs_of("pred-unet-large")] == ["unet-large"]
    assert costs_of("espnet") == []
    costs_file().write_text("{", encoding="utf-8")
    assert all_costs() == []


def test_frames_of_one_city_are_drawn_together(tmp_path):
    for side in ("t", "a", "b"):
        for number in range(12):
            path = tmp_path / side / f"town_{number // 3:06d}_{number:06d}.png"
            path.parent.mkdir(exist_ok=True)
            random = np.random.default_rng([number, ord(side)])
            Image.fromarray(random.integers(0, 3, (20, 20), dtype=np.uint8)).save(path)
    paths = tmp_path / "t", tmp_path / "a", tmp_path / "b"
    found = compare(*paths, resamples=100)
    assert found.to_json()["delta"]["units"] == 4
    assert any("4 sequences, too few" in note for note in found.notes)
    assert compare(*paths, resamples=100, by_sequence=False).to_json()["delta"]["units"] == 12
