"""Who made the labels, in the window: under the cursor, as colours with a legend, in the statistics."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtWidgets import QApplication

from segstudio.core.geometry import Rect
from segstudio.core.layer import Layer
from segstudio.session.dataset.statistics import of_origins
from segstudio.session.edits.origin_words import author_text, origin_text
from segstudio.session.edits.origins import KIND_CODE
from segstudio.ui.canvas.pointed import pointed_at
from segstudio.ui.panels.origin_legend import OriginLegend

WEIGHTS = "0123456789abcdef"


def wait_until(done):
    """Let events and workers go on until it is so, for ten seconds at most."""
    for _ in range(2000):
        if done():
            return
        QApplication.processEvents()
        time.sleep(0.005)
    raise AssertionError("it did not happen")


def accept_below(window):
    """A stroke of a person above, then all that a model says, which is everywhere the first class."""
    session = window.session
    document = session.document
    height, width = document.size_hw
    with document.begin("brush", tool="brush") as stroke:
        stroke.paint(Rect(0, 0, width, height // 4), stroke.segment_for_class(session.classes.current.evaluated[1].id))
    layer = Layer("prediction:net", document.size_hw, locked=True)
    layer.ensure_class_segments(session.classes.current)
    first = layer.segments.of_class(session.classes.current.evaluated[0].id).id
    layer.raster.writable(layer.raster.bounds)[...] = first
    layer.extra = {"run": "net", "model": "espnet", "weights": WEIGHTS}
    document.set_prediction(layer)
    window.commands.run("accept.all")
    wait_until(lambda: document.census.unlabelled == 0)
    return document


def test_the_layer_of_origins_has_a_legend_and_the_cursor_names_the_model(window):
    document = accept_below(window)
    height, width = document.size_hw
    window.commands.run("inspect.origins")
    legend = window.findChild(OriginLegend)
    wait_until(lambda: legend.words["model"][1].isVisible())
    assert document.origin_kinds[0, 0] == KIND_CODE["human"]
    assert document.origin_kinds[-1, 0] == KIND_CODE["model"]
    assert legend.words["human"][1].text() == "people 25 %"
    assert legend.words["model"][1].text() == "models 75 %"
    assert not legend.words["forest"][1].isVisible()
    window.actions_table.show_pointed(pointed_at(document, 1, height - 1))
    assert "model net = espnet (01234567), accepted by " in window.status.under_cursor.text()
    window.actions_table.show_pointed(pointed_at(document, 1, 1))
    assert "brush" in window.status.under_cursor.text()
    window.commands.run("inspect.origins")
    assert not legend.isVisible()
    assert document.origin_kinds is None


def test_what_people_drew_is_replaced_only_where_that_is_asked_for(window):
    document = accept_below(window)
    drawn = int(document.labels.raster.ids_hw[0, 0])
    assert drawn != int(document.labels.raster.ids_hw[-1, 0])
    window.commands.run("accept.keep_human")
    window.commands.run("accept.all")
    assert np.unique(document.labels.raster.ids_hw).size == 1


def test_words_for_every_kind():
    assert author_text({"kind": "human", "person": "ana", "tool": "brush"}) == "ana, brush"
    assert author_text({"kind": "human"}) == "someone"
    assert author_text({"kind": "model", "model": "sam"}) == "model sam"
    assert author_text({"kind": "forest", "person": "ana"}) == "forest, accepted by ana"
    assert author_text({"kind": "carried", "from": "a/1", "person": "ana"}) == "carried on from a/1 by ana"
    assert author_text({"kind": "imported", "from": "street (voc)"}) == "brought by street (voc)"
    assert author_text({"kind": "unknown"}) == "not known"
    text = origin_text({"kind": "human", "person": "bo", "when": "2001-02-03T12:00:00+00:00"}, is_labelled=False)
    assert text == "erased: bo, 2001-02-03"


def test_sums_become_two_series():
    ana, net = {"kind": "human", "person": "ana"}, {"kind": "model", "run": "net"}
    colors = {kind: (code, 0, 0) for kind, code in KIND_CODE.items()}
    kinds, authors = of_origins([[(ana, 3)], [(net, 9), (ana, 4)]], colors)
    assert (kinds.names, kinds.values, kinds.colors) == (("people", "models"), (7.0, 9.0), ((1, 0, 0), (2, 0, 0)))
    assert (authors.names, authors.values) == (("model net", "ana"), (9.0, 7.0))
