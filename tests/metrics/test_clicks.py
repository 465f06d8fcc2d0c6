"""Clicks to IoU: failing and succeeding with the last click cost the same but are told apart."""

from __future__ import annotations

import math

import pytest

from segstudio.metrics.clicks import clicks_to_iou

SEQUENCES = [[0.5, 0.86, 0.91], [0.7, *[0.8] * 19], [*[0.8] * 19, 0.9]]


@pytest.mark.parametrize(("target", "mean_clicks", "failed"), [(0.85, 14.0, 1), (0.9, 43 / 3, 1)])
def test_three_images(target, mean_clicks, failed):
    score = clicks_to_iou(SEQUENCES, target=target)
    assert score.mean_clicks == pytest.approx(mean_clicks)
    assert score.failed == failed
    assert score.failed_share == pytest.approx(1 / 3)


def test_clicks_beyond_the_budget_do_not_count():
    score = clicks_to_iou([[0.1, 0.2, 0.95]], target=0.9, budget=2)
    assert (score.mean_clicks, score.failed) == (2, 1)


def test_no_images():
    assert math.isnan(clicks_to_iou([], target=0.9).mean_clicks)
    assert math.isnan(clicks_to_iou([], target=0.9).failed_share)
