"""The dock for learning: what it says before, and what its buttons do."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from safetensors.numpy import save_file

from segstudio.session.assist.learning import Epoch
from segstudio.ui.panels.learn import LearnPanel
from segstudio.ui.panels.learn_curve import ticks
from segstudio.ui.shell.theme import current_theme
from segstudio.workflows.learning.versions import Version


@pytest.fixture
def panel(window):
    window.commands.run("learn.panel")
    content = window.docks.content("learn.panel")
    for _ in range(200):  # the cards of the models are read in a worker
        if content.model.count() > 1:
            break
        QTest.qWait(25)
    return content


def test_the_panel_is_there_before_the_cards_are_read(window, panel):
    other = LearnPanel(window)
    assert [other.model.itemData(row) for row in range(other.model.count())] == ["toytown-unet"]
    assert panel.model.currentData() == "toytown-unet"
    assert panel.model.itemText(0) == "Superpixel forest"
    QTest.qWait(50)
    other.deleteLater()


def test_opening_the_dock_loads_no_plotting_library():
    """A second on a slow machine, in which nothing else would go on."""
    code = (
        "import sys, segstudio.ui.panels.learn; sys.exit(sum(name in sys.modules for name in ('pyqtgraph', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("top", "most", "expected"),
    [(54.0, 3, [0, 20, 40]), (1.08, 4, [0, 0.5, 1.0]), (0.004, 1, [0]), (100, 10, list(range(0, 101, 10)))],
)
def test_axes_have_round_numbers(top, most, expected):
    assert ticks(top, most) == expected


def test_nothing_starts_by_being_looked_at(window, panel):
    assert window.commands.action("learn.panel").isChecked()
    assert not window.session.learning.is_running
    assert not panel.start_button.isEnabled()
    assert "0 of 2 labelled images" in panel.said.text()
    assert panel.images.itemText(0) == "0 labelled"
    assert not panel.resume_button.isVisible()
    assert not panel.pause_button.isEnabled()


def test_what_is_chosen_is_what_is_started(window, panel, monkeypatch):
    asked = {}
    learning = window.session.learning
    monkeypatch.setattr(type(learning), "start", lambda self, **options: asked.update(options))
    panel.minutes.setValue(2.5)
    panel.begin.setCurrentIndex(panel.begin.findData("scratch"))
    panel.model.setCurrentIndex(panel.model.findData("enet"))
    window.commands.run("learn.start")
    assert asked == {"model": "enet", "start": "scratch", "images": "labelled", "minutes": 2.5}
    window.commands.run("learn.resume")
    assert asked["resume"] is True


def test_a_forest_takes_neither_time_nor_a_start(window, panel, monkeypatch):
    asked = {}
    learning = window.session.learning
    monkeypatch.setattr(type(learning), "start", lambda self, **options: asked.update(options))
    panel.begin.setCurrentIndex(panel.begin.findData("last"))
    panel.model.setCurrentIndex(panel.model.findData("forest"))
    assert not panel.begin.isEnabled()
    assert not panel.minutes.isEnabled()
    window.commands.run("learn.start")
    assert (asked["model"], asked["start"]) == ("forest", "auto")
    panel.model.setCurrentIndex(panel.model.findData("enet"))
    assert panel.begin.isEnabled()
    assert panel.minutes.isEnabled()


def test_a_command_says_why_it_cannot_start(window, panel):
    told = []
    window.session.notify.told.connect(lambda notice: told.append(notice.text))
    window.commands.run("learn.start")
    assert told == ["learning did not start: 0 of 2 labelled images: one to learn from, one to measure by"]


def test_the_curve_and_the_score_follow_the_round(window, panel):
    learning = window.session.learning
    learning.before = 0.4
    learning.curve = [Epoch(1, 3.0, 1.0, 0.45), Epoch(2, 6.0, 0.8, 0.52)]
    panel.refresh()
    assert panel.score.text() == "mIoU, %: before 40.0 · now 52.0 · epoch 2"
    assert panel.plot.points == ((3.0, 45.0), (6.0, 52.0))
    assert panel.plot.before == 40.0
    panel.plot.resize(300, 160)
    accent = QColor(current_theme().accent).rgb()
    picture = panel.plot.grab().toImage()
    assert any(picture.pixel(x, y) == accent for x in range(picture.width()) for y in range(picture.height()))


def test_versions_are_listed_used_and_deleted(window, panel):
    learning, session = window.session.learning, window.session
    versions = learning.versions
    versions.folder.mkdir(parents=True)
    for name, before in (("v1", None), ("v2", 0.5)):
        save_file({"a": np.zeros(1, np.float32)}, versions.weights(name))
        versions.add(Version(name, "toytown-unet", 0.6, session.classes.current, before=before, train_images=8))
    panel.refresh()
    assert panel.versions.item(0, 0).text() == "v2"
    assert [panel.versions.item(row, 2).text() for row in range(2)] == ["+10.0", "–"]
    panel.use_button.click()
    panel.refresh()
    assert panel.versions.item(0, 0).text() == "v2, in use"
    assert session.predictions.run_name == "toytown-unet@v2"
    panel.delete_button.click()
    panel.refresh()
    assert [version.name for version in versions.all()] == ["v1"]
    assert panel.versions.rowCount() == 1


def test_a_version_is_compared_with_the_one_before_it(window, panel):
    versions = window.session.learning.versions
    versions.folder.mkdir(parents=True)
    for name in ("v1", "v2"):
        save_file({"a": np.zeros(1, np.float32)}, versions.weights(name))
        versions.add(Version(name, "toytown-unet", 0.6, window.session.classes.current))
    panel.refresh()
    panel.compare_button.click()
    comparing = window.actions_table.compare.view.comparing
    assert comparing.layer_name("a") == "prediction:toytown-unet@v1"
    assert comparing.layer_name("b") == "prediction:toytown-unet@v2"


def test_the_way_to_doubt_says_where_there_is_none(window, panel):
    told = []
    window.session.notify.told.connect(lambda notice: told.append(notice.text))
    window.commands.run("learn.doubtful")
    assert told == ["no prediction of this image says where it is unsure"]
