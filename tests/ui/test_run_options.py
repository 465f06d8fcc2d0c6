"""The options under the model panel, and how panel and browser follow each other."""

from __future__ import annotations

from PySide6.QtCore import Qt


def activate(box, title):
    box.setCurrentIndex(box.findText(title))
    box.activated.emit(box.currentIndex())


def test_choices_become_settings_of_the_next_run_and_follow_those_made_elsewhere(window, qtbot):
    options, predictions = window.models.more, window.session.predictions
    assert options.inside.isHidden()
    qtbot.mouseClick(options.fold, Qt.MouseButton.LeftButton)
    assert not options.inside.isHidden()
    activate(options.average, "Mirror image, three scales")
    activate(options.borders, "Guided filter")
    activate(options.tiles, "Tiles of 512")
    settings = predictions.settings
    assert (settings.flip, settings.scales) == (True, (0.75, 1.0, 1.25))
    assert (settings.refine, settings.tile) == ("guided", 512)
    predictions.change_settings(flip=False, scales=(), refine="crf", tile=0)
    assert options.average.currentText() == "One pass"
    assert options.borders.currentText() == "Dense CRF (slow)"
    assert options.tiles.currentText() == "Whole images"


def test_predicting_ahead_is_one_choice_in_panel_and_menu(window):
    options, predictions = window.models.more, window.session.predictions
    options.unfold(True)
    predictions.choose("any")
    window.commands.run("model.look_ahead")
    assert predictions.looks_ahead
    assert options.ahead.isChecked()
    options.ahead.setChecked(False)
    assert not predictions.looks_ahead
    predictions.cancel()


def test_a_cached_answer_is_said_to_be_one_and_can_be_forgotten(window, qtbot):
    options, predictions = window.models.more, window.session.predictions
    options.unfold(True)
    assert not options.clear.isEnabled()
    predictions.choose("any")
    predictions.predict_image()
    predictions._host.answer(cached=True)
    qtbot.waitUntil(lambda: not predictions.is_running)
    assert window.models.status.text().startswith("from cache")
    predictions.cache.put("k", _prediction())
    predictions.changed.emit(None)
    assert options.clear.isEnabled()
    qtbot.mouseClick(options.clear, Qt.MouseButton.LeftButton)
    assert predictions.cache.size_bytes() == 0
    assert not options.clear.isEnabled()


def _prediction():
    import numpy as np

    from segstudio.models.prediction import Prediction
    from tests.session.answering_host import MODEL_CLASSES

    return Prediction((4, 4), MODEL_CLASSES, np.zeros((4, 4), np.uint8))


def test_the_panels_search_opens_the_browser(window, qtbot):
    assert not window.docks.is_shown("model.browser")
    window.models.browse.click()
    assert window.docks.is_shown("model.browser")
