"""The history panel: its steps follow cheaply, its journal filters and leads back, its versions can be restored."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QAbstractListModel

from segstudio.core.geometry import Rect
from segstudio.core.objects import PolygonShape, SegObject
from segstudio.ui.panels.history import HistoryPanel, edit_title


@pytest.fixture
def panel(opened, qtbot):
    made = HistoryPanel(opened)
    qtbot.addWidget(made)
    made.resize(290, 300)
    made.show()
    return made


def paint(session, rect, class_id, tool="brush"):
    with session.document.begin(tool, tool=tool) as stroke:
        segment = stroke.segment_for_class(class_id)
        stroke.write(rect, np.full((rect.height, rect.width), segment, np.uint16))


def titles(panel):
    return [panel.model.index(row).data() for row in range(panel.model.rowCount())]


def expected(session):
    history = session.document.history
    undone = [edit_title(edit) for edit in reversed(history.redoable)]
    return ["As opened", *(edit_title(edit) for edit in history.undoable), *undone]


def test_steps_follow_every_edit_undo_and_redo(opened, panel, qtmodeltester):
    qtmodeltester.check(panel.model)
    chance = np.random.default_rng(4)
    for _ in range(60):
        act = chance.choice(["paint", "paint", "undo", "redo", "drop"])
        if act == "paint":
            x, y = chance.integers(0, 40, 2).tolist()
            paint(opened, Rect(x, y, x + 9, y + 9), int(chance.integers(0, 3)))
        elif act == "drop" and len(opened.document.history.undoable) > 2:
            opened.histories.budget = opened.histories.nbytes - 1
        else:
            opened.undo() if act == "undo" else opened.redo()
        assert titles(panel) == expected(opened)
        assert panel.list.currentIndex().row() == len(opened.document.history.undoable)


def test_a_new_edit_adds_a_row_and_resets_nothing(opened, panel):
    paint(opened, Rect(0, 0, 5, 5), 1)
    resets = []
    assert isinstance(panel.model, QAbstractListModel)
    panel.model.modelReset.connect(lambda: resets.append(1))
    paint(opened, Rect(5, 5, 10, 10), 2)
    opened.undo()
    opened.redo()
    assert not resets
    assert titles(panel) == expected(opened)


def test_journal_filters_and_leads_back(opened, panel):
    paint(opened, Rect(0, 0, 60, 30), 1)
    paint(opened, Rect(0, 0, 5, 5), 2, tool="fill")
    panel.show_page(1)
    view = panel.journal
    lines = [view.model.index(row).data() for row in range(view.model.rowCount())]
    assert lines[0].startswith("Fill · 25 px · IoU")
    assert lines[1].startswith("Brush · 1,800 px · IoU +")
    assert "tester · " in lines[1]
    view.filter.setText("BRUSH tester")
    assert view.model.rowCount() == 1
    assert not view.back.isEnabled()
    view.list.setCurrentIndex(view.model.index(0))
    view.back.click()
    ids_hw = opened.document.labels.raster.ids_hw
    assert len(np.unique(ids_hw[:30, :60])) == 1
    view.refresh()
    view.filter.setText("")
    assert view.model.index(0).data().startswith("Go back to ")


def test_versions_are_named_restored_and_forgotten(opened, panel):
    paint(opened, Rect(0, 0, 20, 20), 1)
    panel.show_page(2)
    view = panel.versions
    view.add("clean", key=opened.document.key)
    view.add("round one")
    view.add("round one")
    assert [view.list.item(row).text().split("\n")[0] for row in range(2)] == ["clean", "round one"]
    paint(opened, Rect(0, 0, 40, 40), 2)
    view.list.setCurrentRow(0)
    view.restore.click()
    assert len(np.unique(opened.document.labels.raster.ids_hw[:20, :20])) == 1
    assert not opened.document.labels.raster.ids_hw[20:].any()
    view.forget.click()
    assert view.list.count() == 1


def test_journal_tells_from_which_run_and_weights_a_label_came(opened, panel):
    opened.project.add_run("net", model="net", weights_hash="0123456789abcdef")
    with opened.document.begin("accept region", tool="accept", provenance={"source": "prediction:net"}) as stroke:
        stroke.paint(Rect(0, 0, 5, 5), stroke.segment_for_class(1))
    panel.show_page(1)
    assert "accept · from net (01234567)" in panel.journal.model.index(0).data()


def test_a_line_of_the_journal_is_outlined_on_the_picture(opened, panel):
    paint(opened, Rect(3, 4, 20, 15), 1)
    with opened.document.begin("polygon", tool="polygon") as stroke:
        square = np.array([[40, 2], [50, 2], [50, 12], [40, 12]], float)
        stroke.put_object(SegObject(1, 2, PolygonShape.of(square)))
    panel.show_page(1)
    panel.journal.refresh()
    view = panel.journal
    view.list.setCurrentIndex(view.model.index(1))
    assert opened.view.now.marked == (Rect(3, 4, 20, 15),)
    view.list.setCurrentIndex(view.model.index(0))
    assert opened.view.now.marked == (Rect(40, 2, 50, 12),)
    panel.show_page(0)
    assert opened.view.now.marked == ()
