"""Asking for predictions: what goes first, what is predicted ahead, what settings and cache do."""

from __future__ import annotations

import hashlib

import pytest

from segstudio.core.errors import UserError
from segstudio.models.jobs import BATCH, NEIGHBOUR, ON_SCREEN
from segstudio.session import Session
from segstudio.session.edits.accept import accept_everything
from segstudio.session.prediction.prediction_results import Run


def names(host):
    return [request.key.rsplit("/", 1)[-1] for request in host.requests]


def test_the_image_on_screen_may_be_asked_for_while_all_are(opened: Session) -> None:
    opened.predictions.choose("any")
    opened.predictions.predict_all()
    host = opened.predictions._host
    assert set(host.priorities.values()) == {BATCH}
    opened.go(2)
    assert opened.predictions.can_predict_image
    opened.predictions.predict_image()
    assert host.priorities[opened.document.key] == ON_SCREEN
    assert not opened.predictions.can_predict_image
    assert opened.predictions.asked_images == 4
    asked = len(host.requests)
    opened.predictions.predict_image()  # it is under way already
    assert len(host.requests) == asked


def test_looking_ahead_predicts_what_is_shown_then_what_is_beside_it(opened: Session) -> None:
    predictions = opened.predictions
    predictions.choose("any")
    predictions.look_ahead(True)
    host = predictions._host
    assert names(host) == ["view_0", "view_1"]
    assert [host.priorities[request.key] for request in host.requests] == [ON_SCREEN, NEIGHBOUR]
    host.answer()
    assert names(host)[-1] == "view_2"
    predictions.cancel()
    opened.go(1)
    assert names(host)[3] == "view_1"
    assert host.priorities[opened.document.key] == ON_SCREEN
    predictions.cancel()
    predictions.look_ahead(False)
    asked = len(host.requests)
    opened.go(2)
    assert len(host.requests) == asked


def test_what_was_predicted_before_is_said_to_be(opened: Session) -> None:
    opened.predictions.choose("any")
    opened.predictions.predict_image()
    opened.predictions._host.answer(cached=True)
    assert opened.predictions.outcome == "from cache"
    opened.predictions.predict_image()
    opened.predictions._host.answer()
    assert opened.predictions.outcome == ""


def test_a_run_keeps_the_model_and_settings_with_which_it_began(opened: Session) -> None:
    predictions = opened.predictions
    predictions.choose("first")
    predictions.change_settings(flip=True, scales=(0.75, 1.0))
    predictions.predict_image()
    predictions.choose("second")
    predictions.change_settings(flip=False)
    host = predictions._host
    assert (host.requests[0].model, host.requests[0].settings.flip) == ("first", True)
    host.answer()
    assert "prediction:first" in opened.document.predictions
    with pytest.raises(UserError):
        predictions.change_settings(refine="magic")


def test_a_cache_that_cannot_write_is_told_once(opened: Session) -> None:
    told = []
    opened.notify.told.connect(lambda notice: told.append(notice.text))
    opened.predictions.cache.problem = "predictions cannot be kept for later: No space left on device"
    opened.predictions.choose("any")
    for _ in range(2):
        opened.predictions.predict_image()
        opened.predictions._host.answer()
    assert sum("No space left" in text for text in told) == 1


def test_a_run_is_named_after_its_model_and_chosen_weights() -> None:
    assert Run("espnet").name == "espnet"
    assert Run("espnet", "/home/me/best.pth").name == "espnet@best"


def test_a_run_whose_file_was_trained_anew_tells_the_new_weights(opened: Session, tmp_path) -> None:
    weights = tmp_path / "best.pth"
    predictions = opened.predictions
    hashes = []
    for content in (b"first", b"second, longer"):
        weights.write_bytes(content)
        predictions.choose("espnet", weights=weights)
        predictions.predict_image()
        predictions._host.answer()
        hashes.append(hashlib.sha256(content).hexdigest())
        layer = opened.document.predictions["prediction:espnet@best"]
        assert layer.extra["weights"] == hashes[-1]
        accept_everything(opened.document, layer.name)
        opened.undo()
    (run,) = opened.project.runs()
    assert run.weights_hash == hashes[1]
    assert opened.project.load(opened.document.key, layer.name).extra["weights"] == hashes[1]
    accepted = [row.provenance["weights"] for row in opened.project.edits(opened.document.key) if not row.is_undo]
    assert accepted == hashes
