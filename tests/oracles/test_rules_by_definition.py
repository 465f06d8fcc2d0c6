"""PQ, boundary IoU and mIoU over a thousand small cases against their definitions, written with sets of pixels.

panopticapi and boundary-iou-api are no packages that can be installed; their rules are restated here from the papers
(Kirillov et al., CVPR 2019, section 4; Cheng et al., CVPR 2021, section 3) in the plainest way, without our code.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.metrics import panoptic_quality
from segstudio.metrics.boundary import boundary_iou, boundary_width
from segstudio.metrics.panoptic import PanopticImage, Segment

CASES = 1000
CLASSES = ClassSet("four", tuple(LabelClass(number, str(number), (0, 0, 0)) for number in (10, 20, 30, 40)))


def random_side(rng, height, width, *, crowds):
    """Segments as overlapping rectangles; id 0 is void."""
    ids = np.zeros((height, width), np.int64)
    table = {}
    for number in range(1, int(rng.integers(1, 7))):
        top, left = rng.integers(0, height), rng.integers(0, width)
        ids[top : top + rng.integers(1, height), left : left + rng.integers(1, width)] = number
        table[number] = Segment(int(rng.choice([10, 20, 30, 40, 99])), bool(crowds and rng.random() < 0.2))
    return ids, table


def disturbed(rng, ids, table):
    """A prediction that resembles the truth: some segments moved, some of another class, some pixels void."""
    out = np.roll(ids, int(rng.integers(-1, 2)), 1)
    out[rng.random(out.shape) < rng.choice([0, 0.1])] = 0
    changed = {}
    for number, segment in table.items():
        class_id = segment.class_id if rng.random() < 0.8 else int(rng.choice([10, 20, 30, 40]))
        changed[number] = Segment(class_id)
    return out, changed


def pixels(ids, table):
    """Pixels of every segment that counts, as sets."""
    places = list(np.ndindex(ids.shape))
    counted = {n for n, s in table.items() if s.class_id in (10, 20, 30, 40)}
    found = {n: {p for p in places if ids[p] == n} for n in counted}
    return {n: area for n, area in found.items() if area}, {p for p in places if int(ids[p]) not in counted}


def pq_by_definition(truth, truth_table, said, said_table):
    """Sum of IoU, TP, FP, FN per class of one image."""
    truth_areas, void = pixels(truth, truth_table)
    said_areas, _ = pixels(said, said_table)
    counts = {c: [0.0, 0, 0, 0] for c in (10, 20, 30, 40)}
    real = {n: a for n, a in truth_areas.items() if not truth_table[n].is_crowd}
    crowd = {n: a for n, a in truth_areas.items() if truth_table[n].is_crowd}
    matched_truth, matched_said = set(), set()
    for (n, area), (m, other) in itertools.product(real.items(), said_areas.items()):
        if truth_table[n].class_id != said_table[m].class_id:
            continue
        iou = len(area & other) / len((area | other) - (void & other))
        if iou > 0.5:
            counts[truth_table[n].class_id][0] += iou
            counts[truth_table[n].class_id][1] += 1
            matched_truth.add(n)
            matched_said.add(m)
    for m, other in said_areas.items():
        if m in matched_said:
            continue
        same = [a for n, a in crowd.items() if truth_table[n].class_id == said_table[m].class_id]
        if len(other & void.union(*same)) / len(other) <= 0.5:
            counts[said_table[m].class_id][2] += 1
    for n in real.keys() - matched_truth:
        counts[truth_table[n].class_id][3] += 1
    return counts


def test_pq_follows_its_definition():
    rng = np.random.default_rng(2019)
    matched = 0
    for _ in range(CASES):
        height, width = rng.integers(3, 14, 2)
        truth, truth_table = random_side(rng, height, width, crowds=True)
        said, said_table = (
            disturbed(rng, truth, truth_table) if rng.random() < 0.7 else random_side(rng, height, width, crowds=False)
        )
        expected = pq_by_definition(truth, truth_table, said, said_table)
        counts = panoptic_quality([PanopticImage("x", truth, truth_table, said, said_table)], classes=CLASSES).counts
        iou_sum, *numbers = zip(*expected.values(), strict=True)
        assert counts.iou_sum == pytest.approx(iou_sum, abs=1e-12)
        found = [counts.true_positives, counts.false_positives, counts.false_negatives]
        assert [column.tolist() for column in found] == [list(column) for column in numbers]
        matched += sum(numbers[0])
    assert matched > CASES / 3


def ring_by_definition(mask, distance):
    """Pixels of the mask from which so many moves of a king can leave it; beyond the frame is outside."""
    inside = np.pad(mask, 1)
    for _ in range(distance):
        core = inside[1:-1, 1:-1].copy()
        for dy, dx in itertools.product((0, 1, 2), repeat=2):
            core &= inside[dy : dy + mask.shape[0], dx : dx + mask.shape[1]]
        inside = np.pad(core, 1)
    return mask & ~inside[1:-1, 1:-1]


def test_boundary_iou_follows_its_definition():
    rng = np.random.default_rng(2021)
    partly = 0
    for _ in range(CASES):
        height, width = rng.integers(3, 25, 2)
        truth = np.zeros((height, width), bool)
        for _ in range(rng.integers(0, 3)):
            top, left = rng.integers(0, height), rng.integers(0, width)
            truth[top : top + rng.integers(1, height), left : left + rng.integers(1, width)] ^= True
        said = np.roll(truth, tuple(rng.integers(-2, 3, 2)), (0, 1))
        ratio = float(rng.choice([0.005, 0.02, 0.1]))
        distance = max(1, round(ratio * float(np.hypot(height, width))))
        assert boundary_width(int(height), int(width), ratio=ratio) == distance
        rings = [ring_by_definition(mask, distance) for mask in (truth, said)]
        union = (rings[0] | rings[1]).sum()
        expected = (rings[0] & rings[1]).sum() / union if union else float("nan")
        measured = boundary_iou(truth, said, ratio=ratio)
        assert measured == pytest.approx(expected, abs=1e-12, nan_ok=True)
        partly += 0 < expected < 1
    assert partly > CASES / 3
