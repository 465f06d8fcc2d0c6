"""The dock that compares two runs over the data set: counting, brushing images, going to regions, taking them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt

from segstudio.core.layer import prediction_layer
from tests.session.conftest import CLASSES
from tests.session.test_duel import ERRORS
from tests.session.test_inspection import index_of, store_run


@pytest.fixture
def dock(window, qtbot):
    for name, wrong in ERRORS.items():
        store_run(window.session, name, wrong)
    window.commands.run("compare.dataset")
    made = window.docks.content("compare.dataset")
    qtbot.mouseClick(made.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made.duel.result is not None and made.regions.model.rows != (), timeout=10_000)
    return made


def test_it_counts_and_says_no_more_than_three_images_allow(dock) -> None:
    assert "cannot be told apart" in dock.verdict.text()
    assert "3 images" in dock.state.text()
    shown = {row.name: ends for row, ends in zip(dock.bars.rows, dock.bars.intervals, strict=True)}
    assert set(shown) == {"road", "house", "car"}
    assert all(low <= high for low, high in shown.values())
    assert "not measured" in dock.costs.text()


def test_spanning_dots_chooses_images_and_a_click_opens_one(window, dock, qtbot) -> None:
    session, result = window.session, dock.duel.result
    dock.tabs.setCurrentWidget(dock.scatter)
    second = result.images[1]
    at = QPointF(100 * second.a, 100 * second.b)
    assert dock.scatter.select(QRectF(at.x() - 0.01, at.y() - 0.01, 0.02, 0.02)) == 1
    assert session.images.num_shown == 1
    assert dock.scatter.select(QRectF(-5, -5, 1, 1)) == 0
    qtbot.mouseClick(dock.scatter.every, Qt.MouseButton.LeftButton)
    assert session.images.num_shown == 3
    dock.scatter.open_near(at, QPointF(0.1, 0.1))
    qtbot.waitUntil(lambda: session.document is not None and session.document.key == second.key)


def test_a_region_is_shown_and_taken_from_the_side_that_is_right(window, dock, qtbot) -> None:
    session = window.session
    dock.tabs.setCurrentWidget(dock.regions)
    table = dock.regions
    row = next(i for i, won in enumerate(table.model.rows) if won.key == session.document.key and won.winner == "b")
    table.table.setCurrentIndex(table.model.index(row, 0))
    won = table.current
    qtbot.mouseClick(table.take["b"], Qt.MouseButton.LeftButton)
    labels_hw = session.document.labels.index_map(CLASSES)
    there = labels_hw != 255
    assert there.sum() == won.region.pixels
    assert (labels_hw[there] == index_of(0)[there]).all()
    session.undo()
    assert (session.document.labels.index_map(CLASSES) == 255).all()


def test_a_cell_of_the_changed_confusion_lists_its_regions(dock) -> None:
    pair = 0, 1
    index = dock.confusion.change.index_of(pair)
    assert index.isValid()
    change = float(index.data().replace("−", "-"))
    a, b = dock.duel.result.matrix_a, dock.duel.result.matrix_b
    assert change == pytest.approx(100 * (b.counts[pair] - a.counts[pair]) / a.counts[0].sum(), abs=0.06)
    dock.confusion.clicked.emit(index)
    assert dock.tabs.currentWidget() is dock.regions
    rows = dock.regions.model.rows
    assert rows
    assert {(won.region.truth_class, won.region.label_class) for won in rows} == {pair}
    assert np.all([won.winner == "b" for won in rows])
    assert prediction_layer("two") == dock.duel.layer("b")
