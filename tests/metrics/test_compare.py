"""A against B: exact where chance plays no part, and equal to slower methods where it does."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.class_set import ClassSet
from segstudio.core.errors import UserError
from segstudio.metrics import ConfusionMatrix, evaluate_semantic
from segstudio.metrics.averaging import image_counts, mean_iou_of_images, mean_iou_of_resamples
from segstudio.metrics.compare import compare_semantic
from segstudio.metrics.paired import CountedImages, paired_statistics
from segstudio.metrics.semantic import SemanticPair
from tests.metrics.fixtures import S1, S2, S3, S4

AVERAGINGS = ("accumulate", "per_image", "per_class_then_image", "image_class_pairs")
CLASSES = ClassSet.of_names(["a", "b", "c"])


def random_counts(seed, *, images=12, classes=3, quality=0.7):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 50, (images, classes)) * (rng.random((images, classes)) < 0.8)
    hits = rng.binomial(truth, quality)
    return np.stack([hits, truth, hits + rng.integers(0, 20, (images, classes))], axis=1)


def compared(counts_a, counts_b, *, averaging="accumulate", **options):
    return paired_statistics(CountedImages(counts_a, averaging), CountedImages(counts_b, averaging), **options)


@pytest.mark.parametrize("averaging", AVERAGINGS)
@pytest.mark.parametrize("absent", ["skip_absent_from_both", "skip_absent_from_truth"])
@given(seed=st.integers(0, 500))
def test_weights_are_repetitions(averaging, absent, seed):
    counts = random_counts(seed, images=5)
    weights = np.random.default_rng(seed).integers(0, 4, (3, 5))
    mious, ious = mean_iou_of_resamples(weights.astype(float), counts, averaging, absent)
    for row, miou, iou in zip(weights, mious, ious, strict=True):
        repeated = np.repeat(counts, row, axis=0)
        assert miou == pytest.approx(mean_iou_of_images(repeated, averaging, absent), nan_ok=True, abs=1e-12)
        hits, truth, predicted = repeated.sum(axis=0)
        union = truth + predicted - hits
        defined = union > 0 if absent == "skip_absent_from_both" else truth > 0
        expected = [h / u if ok else math.nan for h, u, ok in zip(hits, union, defined, strict=True)]
        assert iou == pytest.approx(expected, nan_ok=True, abs=1e-12)


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_a_model_does_not_differ_from_itself(averaging):
    counts = random_counts(1)
    found = compared(counts, counts, averaging=averaging)
    assert found.delta == 0
    assert found.interval == (0, 0)
    assert found.p_value == 1
    assert found.minimum_detectable == 0
    assert found.probability_b_better == 0.5


def test_a_model_better_everywhere_is_better():
    found = compared(random_counts(2, quality=0.4), random_counts(2, quality=0.9))
    assert found.delta > 0
    assert found.interval[0] > 0
    assert found.p_value == pytest.approx(1 / 2**11, abs=2e-3)
    assert found.probability_b_better == 1


@pytest.mark.parametrize("averaging", AVERAGINGS)
def test_the_p_value_approaches_the_exact_one(averaging):
    counts_a, counts_b = random_counts(3, images=8), random_counts(4, images=8, quality=0.75)
    exact = 0
    observed = mean_iou_of_images(counts_b, averaging, "skip_absent_from_both") - mean_iou_of_images(
        counts_a, averaging, "skip_absent_from_both"
    )
    for swaps in itertools.product([False, True], repeat=8):
        swapped = np.array(swaps)[:, None, None]
        first, second = np.where(swapped, counts_b, counts_a), np.where(swapped, counts_a, counts_b)
        delta = mean_iou_of_images(second, averaging, "skip_absent_from_both") - mean_iou_of_images(
            first, averaging, "skip_absent_from_both"
        )
        exact += abs(delta) >= abs(observed) - 1e-12
    found = compared(counts_a, counts_b, averaging=averaging, resamples=6000)
    assert found.p_value == pytest.approx(exact / 2**8, abs=0.025)


def test_the_interval_is_scipys_where_scipy_can():
    """For a mean over images the paired bootstrap is the textbook one."""
    stats = pytest.importorskip("scipy.stats")
    counts_a, counts_b = random_counts(5, images=60, classes=1), random_counts(6, images=60, classes=1)
    present = (counts_a[:, 1] > 0) & (counts_b[:, 1] > 0)
    counts_a, counts_b = counts_a[present[:, 0]], counts_b[present[:, 0]]
    found = compared(counts_a, counts_b, averaging="per_image", resamples=8000)
    each = [counts[:, 0, 0] / (counts[:, 1, 0] + counts[:, 2, 0] - counts[:, 0, 0]) for counts in (counts_a, counts_b)]
    reference = stats.bootstrap(
        (each[1] - each[0],), np.mean, n_resamples=8000, method="percentile", rng=np.random.default_rng(1)
    )
    assert found.interval == pytest.approx(reference.confidence_interval, abs=0.006)
    assert found.minimum_detectable == pytest.approx(2.8016 * reference.standard_error, rel=0.05)


def test_copies_in_one_cluster_carry_no_news():
    counts_a, counts_b = random_counts(7), random_counts(8)
    alone = compared(counts_a, counts_b, seed=5)
    copies = [np.repeat(counts, 3, axis=0) for counts in (counts_a, counts_b)]
    clustered = compared(*copies, clusters=np.repeat(np.arange(12), 3).tolist(), seed=5)
    assert clustered.units == 12
    assert clustered.interval == pytest.approx(alone.interval)
    assert clustered.p_value == alone.p_value
    np.testing.assert_allclose(clustered.class_intervals, alone.class_intervals)
    unaware = compared(*copies, seed=5)
    assert np.ptp(unaware.interval) < np.ptp(clustered.interval)


def test_the_same_seed_gives_the_same_numbers():
    counts_a, counts_b = random_counts(9), random_counts(10)
    first, second = (compared(counts_a, counts_b, seed=3) for _ in range(2))
    assert first.interval == second.interval
    assert first.p_value == second.p_value


def test_class_deltas_lie_in_their_intervals_and_absent_classes_have_none():
    counts_a, counts_b = random_counts(11, images=40), random_counts(12, images=40)
    counts_a[:, :, 2] = counts_b[:, :, 2] = 0
    found = compared(counts_a, counts_b)
    low, high = found.class_intervals[:2].T
    assert (low <= found.class_deltas[:2]).all()
    assert (found.class_deltas[:2] <= high).all()
    assert np.isnan(found.class_deltas[2])
    assert np.isnan(found.class_intervals[2]).all()


@pytest.mark.parametrize("images", [0, 1])
def test_nothing_can_be_said_of_less_than_two_images(images):
    found = compared(random_counts(1, images=images), random_counts(2, images=images))
    assert found.units == images
    assert all(math.isnan(end) for end in found.interval)
    assert math.isnan(found.p_value)
    assert math.isnan(found.minimum_detectable)


def test_bad_pairs_are_named():
    with pytest.raises(UserError, match="in pairs"):
        compared(random_counts(1, images=3), random_counts(1, images=4))
    with pytest.raises(UserError, match="2 clusters are named for 3 images"):
        compared(random_counts(1, images=3), random_counts(2, images=3), clusters=["a", "b"])


def evaluation(**pairs):
    return evaluate_semantic([SemanticPair(name, *pair) for name, pair in pairs.items()], classes=CLASSES)


def test_the_document_has_the_shape_of_the_contract():
    a, b = evaluation(x=S1, y=S2, z=S3), evaluation(x=S4, y=S2, z=(S3[0], S3[0]))
    document = json.loads(json.dumps(compare_semantic(a, b).to_json(), allow_nan=False))
    assert document["a"]["metrics"]["miou"] == pytest.approx(a.mean_iou())
    assert document["delta"]["miou"] == pytest.approx(b.mean_iou() - a.mean_iou())
    low, high = document["delta"]["ci95"]
    assert low <= document["delta"]["miou"] <= high
    assert 0 < document["delta"]["p_value"] <= 1
    assert document["delta"]["minimum_detectable"] > 0
    assert [row["name"] for row in document["classes"]] == ["a", "b", "c"]
    assert {"id", "name", "delta_iou", "ci95"} == document["classes"][0].keys()
    assert document["per_image"][2] == {"name": "z", "miou_a": pytest.approx(0.46875), "miou_b": pytest.approx(1.0)}


def test_evaluations_of_other_images_or_classes_do_not_compare():
    with pytest.raises(UserError, match="different images"):
        compare_semantic(evaluation(x=S1), evaluation(y=S1))
    other = evaluate_semantic([SemanticPair("x", *S1)], classes=ClassSet.of_names(["a", "b", "c"], first_id=4))
    with pytest.raises(UserError, match="different classes"):
        compare_semantic(evaluation(x=S1), other)


def test_counts_of_an_image_hold_what_its_iou_needs():
    matrix = ConfusionMatrix(3)
    matrix.add(*S4)
    assert image_counts(matrix).tolist() == [[2, 5, 3], [4, 5, 4], [3, 6, 3]]


def test_the_interval_is_that_of_a_bootstrap_written_out():
    """Images drawn one by one with another generator, their counts added up, and the percentiles of the differences."""
    counts_a, counts_b = random_counts(21, images=50), random_counts(22, images=50, quality=0.74)
    found = compared(counts_a, counts_b, resamples=4000)
    random, deltas = np.random.RandomState(7), []
    for _ in range(4000):
        drawn = random.choice(50, 50)
        mious = []
        for counts in (counts_a, counts_b):
            hits, truth, predicted = (sum(counts[i, row] for i in drawn) for row in range(3))
            mious.append(np.mean(hits / (truth + predicted - hits)))
        deltas.append(mious[1] - mious[0])
    assert found.interval == pytest.approx(np.quantile(deltas, [0.025, 0.975]), abs=0.004)
    assert found.minimum_detectable == pytest.approx(2.8016 * np.std(deltas), rel=0.05)


def test_the_p_value_is_uniform_where_there_is_no_difference():
    stats = pytest.importorskip("scipy.stats")
    values = []
    for seed in range(150):
        counts_a, counts_b = random_counts(3 * seed, images=20), random_counts(3 * seed, images=20)
        noise = np.random.default_rng(seed)
        for counts in (counts_a, counts_b):
            counts[:, 2] += noise.integers(0, 15, counts[:, 2].shape)
        values.append(compared(counts_a, counts_b, resamples=199, seed=seed).p_value)
    assert stats.kstest(values, "uniform").pvalue > 0.01
    assert np.mean(np.array(values) <= 0.05) < 0.11


def test_frames_of_one_sequence_that_resemble_each_other_widen_the_interval():
    random = np.random.default_rng(3)
    truth = np.full((60, 2), 1000)
    luck = np.repeat(random.normal(0, 80, 6), 10)
    hits_a = np.clip(800 + random.normal(0, 10, 60), 0, 1000).astype(int)
    hits_b = np.clip(hits_a + luck, 0, 1000).astype(int)
    counts = [np.stack([np.stack([h, h], 1), truth, truth], axis=1) for h in (hits_a, hits_b)]
    plain = compared(*counts)
    clustered = compared(*counts, clusters=np.repeat(np.arange(6), 10).tolist())
    assert np.ptp(clustered.interval) > 2 * np.ptp(plain.interval)
    # Six independent units: the textbook's standard error of a mean of six cluster means, give or take their number.
    means = (hits_b - hits_a).reshape(6, 10).mean(axis=1)
    assert clustered.minimum_detectable > plain.minimum_detectable
    assert np.ptp(means) > 0
