"""The model browser: found, sorted, chosen, with weights fetched and figures measured."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PySide6.QtCore import Qt

from segstudio.models.card import ModelCard, Published, WeightsEntry
from segstudio.models.registry import ModelStatus, default_registry
from segstudio.session.prediction.model_library import Measured, ModelLibrary, ModelRow
from segstudio.ui.models.browser import ModelBrowser
from segstudio.ui.models.model_table import ModelFilter, ModelTable

CARD = ModelCard(
    name="net",
    family="test",
    title="Net",
    task="semantic",
    paper="Somebody: A Net, 2020",
    year=2020,
    licence="MIT",
    class_set="cityscapes",
    parameters=2_500_000,
    gmacs=3.25,
    input_size=(512, 1024),
    published=(Published("Cityscapes val", "mIoU", 70.5), Published("Titan X", "FPS", 112)),
)


@pytest.fixture(autouse=True)
def _own_places(tmp_path, monkeypatch):
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("SEGSTUDIO_OWN_MODELS", str(tmp_path / "own"))


@pytest.fixture
def browser(window, qtbot):
    window.commands.run("model.browser")
    found = window.docks.content("model.browser")
    assert isinstance(found, ModelBrowser)
    return found


def names(browser):
    return [browser.shown.row_at(browser.shown.index(i, 0)).card.name for i in range(browser.shown.rowCount())]


def test_every_card_is_listed_and_torch_stays_away(browser):
    assert sorted(names(browser)) == sorted(card.name for card in default_registry().cards())
    assert "models" in browser.count.text()
    library = ModelLibrary(browser._session)
    library.rows()
    assert "segstudio.models.torch_backend" not in sys.modules or "torch" in sys.modules  # others may have loaded it


def test_searching_takes_every_word_in_any_order(browser, qtbot):
    qtbot.keyClicks(browser.search, "2018 espnet")
    assert "espnet" in names(browser)
    assert "unet" not in names(browser)
    assert " of " in browser.count.text()
    browser.search.setText("nothing has this name")
    assert names(browser) == []
    assert not browser.card.use.isEnabled()
    browser.search.clear()
    browser.task.setCurrentIndex(browser.task.findData("instance"))
    assert {default_registry().card(name).task for name in names(browser)} == {"instance"}


def test_columns_sort_by_their_values_and_dashes_come_last_when_falling():
    table = ModelTable()
    rows = [
        ModelRow(replace(CARD, name=f"n{i}", title=f"N{i}", parameters=count), ModelStatus("works"))
        for i, count in enumerate((9_000_000, None, 11_000_000))
    ]
    table.replace(rows)
    shown = ModelFilter(table)
    shown.sort(4, Qt.SortOrder.DescendingOrder)
    assert [shown.index(i, 4).data() for i in range(3)] == ["11.00", "9.00", "–"]
    measured = Measured((512, 1024), "cpu", 250.0, 300.0, 3.25, 2_500_000, 200 << 20)
    table.replace([ModelRow(CARD, ModelStatus("works"), measured)])
    assert [shown.index(0, c).data() for c in (0, 3, 5, 6, 7, 8)] == ["Net", "2020", "3.2", "70.5", "112", "4.0"]


def test_two_hundred_cards_are_shown_and_searched_in_no_time():
    table = ModelTable()
    shown = ModelFilter(table)
    rows = [ModelRow(replace(CARD, name=f"net-{i}", title=f"Net {i}"), ModelStatus("works")) for i in range(200)]
    began = time.perf_counter()
    table.replace(rows)
    shown.look_for("net 199")
    assert time.perf_counter() - began < 0.5
    assert shown.rowCount() == 1


def test_a_model_with_chosen_weights_becomes_the_projects(browser, tmp_path, qtbot):
    predictions = browser._session.predictions
    browser.choose("espnet-v2")
    row = browser.card.weights.findText("voc", Qt.MatchFlag.MatchContains)
    browser.card.weights.setCurrentIndex(row)
    qtbot.mouseClick(browser.card.use, Qt.MouseButton.LeftButton)
    assert predictions.model == "espnet-v2"
    assert default_registry().card("espnet-v2").entry(str(predictions.weights)) is not None
    weights = tmp_path / "mine.pth"
    weights.write_bytes(b"x")
    browser.card.take_file(str(weights))
    qtbot.mouseClick(browser.card.use, Qt.MouseButton.LeftButton)
    assert predictions.weights == weights
    browser.choose("espnet")
    assert browser.card.weights.findText("mine.pth") < 0


CONTENT = bytes(range(256)) * 400


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT)

    def log_message(self, *args):
        """Nothing on the console."""


@pytest.fixture
def served():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_weights_are_fetched_and_the_place_for_bringing_them_by_hand_is_named(browser, served, qtbot, monkeypatch):
    registry = default_registry()
    entry = WeightsEntry("fetched", "Cityscapes", f"{served}/net.pth", "MIT", size=len(CONTENT))
    card = replace(registry.card("unet"), weights=(entry,))
    monkeypatch.setitem(registry._cards, "unet", card)
    browser.library.changed.emit(None)
    browser.choose("unet")
    place = browser.library.place_of(card, entry)
    assert str(place) in browser.card.place.text()
    assert browser.card.fetch.isEnabled()
    qtbot.mouseClick(browser.card.fetch, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not browser.card.fetch.isEnabled(), timeout=10_000)
    assert place.read_bytes() == CONTENT
    assert browser.table_model.rows[0].card is not None
    assert next(r for r in browser.table_model.rows if r.card.name == "unet").status.state == "works"


def test_without_a_connection_the_place_is_told(browser, qtbot, monkeypatch):
    told = []
    browser._session.notify.told.connect(lambda notice: told.append(f"{notice.text} {notice.hint}"))
    registry = default_registry()
    entry = WeightsEntry("far", "Cityscapes", "http://127.0.0.1:9/net.pth", "MIT")
    monkeypatch.setitem(registry._cards, "unet", replace(registry.card("unet"), weights=(entry,)))
    browser.library.fetch(registry.card("unet"), entry)
    qtbot.waitUntil(lambda: bool(told), timeout=10_000)
    assert "cannot be reached" in told[0]
    assert str(browser.library.place_of(registry.card("unet"), entry)) in told[0]


def test_a_file_of_ones_own_appears_and_goes(browser, tmp_path, qtbot):
    program = tmp_path / "my net.onnx"
    program.write_bytes(b"x")
    browser.add_own(str(program))
    assert "my-net" in names(browser)
    assert browser._chosen() == "my-net"
    assert default_registry().card("my-net").classes().num_classes == browser._session.classes.current.num_classes
    assert browser.card.remove.isVisible()
    qtbot.mouseClick(browser.card.remove, Qt.MouseButton.LeftButton)
    assert "my-net" not in names(browser)


def test_figures_measured_here_stay(window, tmp_path):
    library = ModelLibrary(window.session)
    assert library._figures() == {}
    figures = Measured((512, 1024), "cpu", 20.0, 25.0, 1.5, 3_000_000, None)
    library._figures()["espnet"] = figures
    library._save()
    again = ModelLibrary(window.session)
    assert next(row for row in again.rows() if row.card.name == "espnet").measured == figures
    again._file.write_text("{damaged", encoding="utf-8")
    assert ModelLibrary(window.session)._figures() == {}
