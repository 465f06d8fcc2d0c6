"""The part in view of a large picture: which one, when it is asked instead of the whole, and when it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segstudio.core.geometry import Rect
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.host import DirectHost, PromptJob
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import Capabilities
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import CURRENT, Ask, Encode, Encoded, Result
from segstudio.session.assist import prompting as room
from segstudio.session.assist.prompt_frames import part_in_view
from segstudio.session.assist.prompting import Prompting

CAR = Prompt().with_point(20, 40, positive=True)
CAR_RECT = Rect(10, 35, 30, 45)
NEAR = Rect(8, 30, 38, 50)
"""What is in view: the car of the first picture of the street."""


@pytest.fixture
def small_network(monkeypatch):
    """Networks see 30 pixels of the street's 90."""
    monkeypatch.setattr(room, "side_in_parts", lambda model: 30)


class Host:
    """Answers at once with the oracle and remembers what it was asked, or is told to answer later."""

    def __init__(self, *, waits=()):
        self.direct = DirectHost(PromptBench(lambda spec: Oracle(), EmbeddingCache()))
        self.tasks, self.waits, self.held = [], waits, []

    def submit(self, task, *, priority=CURRENT, on_reply=lambda _: None):
        self.tasks.append(task)
        if type(task) in self.waits:
            self.held.append(PromptJob(len(self.held), task, priority, on_reply))
            return self.held[-1]
        return self.direct.submit(task, priority=priority, on_reply=on_reply)

    def cancel(self, job):
        """Nothing runs."""

    def close(self):
        """Nothing is held."""

    def asked(self):
        return [task.frame.size_hw for task in self.tasks if isinstance(task, Ask)]


@pytest.fixture
def prompting(opened, small_network):
    host = Host()
    opened.prompting = Prompting(opened, lambda: host)
    opened.prompting.choose("oracle")
    opened.prompting.prepare()
    opened.prompting.look_at(NEAR)
    opened.host = host
    return opened.prompting


def answer(prompting, prompt):
    found = []
    prompting.ask(prompt, found.append)
    assert len(found) == 1
    return found[0].proposals


@given(
    st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    st.sampled_from([64, 256, 1024]),
)
def test_a_part_holds_what_is_in_view_and_is_finer(size_hw, shares, side):
    height, width = size_hw
    x0, x1 = sorted((int(shares[0] * (width - 1)), int(shares[1] * (width - 1))))
    y0, y1 = sorted((int(shares[2] * (height - 1)), int(shares[3] * (height - 1))))
    seen = Rect(x0, y0, x1 + 1, y1 + 1)
    part = part_in_view(seen, size_hw, side)
    if part is None:
        assert max(size_hw) < 2 * side or max(seen.width, seen.height) * 4 / 3 > max(size_hw) / 2
        return
    assert part.intersect(Rect.of_size(*size_hw)) == part
    assert max(part.width, part.height) <= max(size_hw) / 2 + 1
    spare = 2 + max(part.width, part.height) / 100
    assert part.grown(round(spare)).intersect(seen) == seen


def test_pictures_as_fine_as_the_network_and_unknown_networks_have_no_parts():
    assert part_in_view(Rect(0, 0, 10, 10), (1000, 2000), 1024) is None
    assert part_in_view(Rect(0, 0, 10, 10), (4000, 8000), None) is None
    assert part_in_view(Rect(0, 0, 1024, 600), (1024, 2048), 1024) is None
    assert part_in_view(Rect(100, 100, 700, 500), (1024, 2048), 1024) == Rect(0, 0, 1024, 1024)


def test_a_view_that_moves_a_little_meets_the_same_part():
    first = part_in_view(Rect(4000, 3000, 4700, 3500), (8192, 8192), 1024)
    moved = {part_in_view(Rect(4000 + by, 3000, 4700 + by, 3500), (8192, 8192), 1024) for by in range(0, 60, 10)}
    assert first in moved
    assert len(moved) <= 2


def test_what_is_in_view_is_asked_on_its_own_and_answered_in_pixels_of_the_image(prompting, opened):
    assert prompting.finer == 2
    (proposal,) = answer(prompting, CAR)
    assert opened.host.asked() == [(45, 45)]
    assert proposal.rect == CAR_RECT
    assert proposal.mask_hw.all()


def test_what_the_part_cuts_off_is_answered_on_the_whole(prompting, opened):
    proposals = answer(prompting, Prompt().with_point(12, 50, positive=True))  # the road goes on to the right
    assert opened.host.asked() == [(45, 45), (60, 90)]
    assert proposals[0].rect == Rect(0, 30, 85, 60)


@pytest.mark.parametrize(
    "prompt",
    [
        CAR.with_point(80.0, 20.0, positive=False),
        replace(CAR, box_xyxy=(5.0, 30.0, 70.0, 50.0)),
        replace(CAR, prior_hw=np.ones((60, 90), np.bool_)),
        replace(CAR, text="car"),
    ],
)
def test_what_reaches_beyond_the_part_is_asked_on_the_whole(prompting, opened, prompt):
    answer(prompting, prompt)
    assert opened.host.asked() == [(60, 90)]


def test_the_whole_answers_until_the_part_is_ready_and_the_part_answers_again(opened, small_network):
    host = Host(waits=(Encode,))
    opened.prompting = Prompting(opened, lambda: host)
    opened.prompting.choose("oracle")
    opened.prompting.prepare()
    host.held[0].tell(Result(Encoded("encoded", Capabilities(reads_truth=True), "")))
    opened.prompting.look_at(NEAR)
    found = []
    opened.prompting.ask(CAR, found.append)
    assert host.asked() == [(60, 90)]
    host.held[1].tell(Result(Encoded("encoded", Capabilities(reads_truth=True), "")))
    assert host.asked() == [(60, 90), (45, 45)]
    assert [each.proposals[0].rect for each in found] == [CAR_RECT] * 2
    opened.prompting.drop()
    opened.prompting.look_at(Rect(40, 20, 60, 40))
    host.held[2].tell(Result(Encoded("encoded", Capabilities(reads_truth=True), "")))
    assert len(host.asked()) == 2  # nothing is asked any more


def test_logits_of_one_part_are_not_handed_to_another(prompting, opened):
    previous_hw = np.zeros((8, 8), np.float16)
    answer(prompting, CAR)
    answer(prompting, replace(CAR, previous_hw=previous_hw))
    answer(prompting, replace(CAR.with_point(80.0, 20.0, positive=False), previous_hw=previous_hw))
    given = [task.prompt.previous_hw is not None for task in opened.host.tasks if isinstance(task, Ask)]
    assert given == [False, True, False]


def test_another_segmenter_and_another_image_begin_with_the_whole(prompting, opened):
    prompting.choose("oracle")
    prompting.prepare()
    assert prompting.finer == 1 or opened.host.tasks[-1].frame.size_hw == (45, 45)
    opened.go(1)
    assert prompting.finer == 1
    opened.host.tasks.clear()
    answer(prompting, Prompt().with_point(30, 40, positive=True))
    assert opened.host.asked() == [(60, 90)]


def test_parts_can_be_switched_off(monkeypatch):
    from segstudio.session.assist.prompt_choice import side_in_parts
    from segstudio.settings import Settings

    monkeypatch.setattr("segstudio.settings.load_settings", Settings)
    assert side_in_parts("oracle") == 1024
    assert side_in_parts("onnx-nothing") is None
    monkeypatch.setattr("segstudio.settings.load_settings", lambda: replace(Settings(), embed_view=False))
    assert side_in_parts("oracle") is None


@given(st.integers(0, 20), st.integers(0, 20))
def test_a_prompt_moves_with_its_part(x, y):
    prior_hw = np.zeros((60, 90), np.bool_)
    prior_hw[30:40, 30:50] = True
    prompt = Prompt(
        np.array([[35.5, 33.5]]),
        np.array([True]),
        (30.0, 30.0, 50.0, 40.0),
        np.array([[31.0, 31.0], [45.0, 39.0]]),
        exemplars_xyxy=((32.0, 32.0, 34.0, 34.0),),
        prior_hw=prior_hw,
    )
    moved = prompt.within(Rect(x, y, 70, 55))
    assert moved.prior_hw.shape == (55 - y, 70 - x)
    assert moved.bounds() == prompt.bounds().moved(-x, -y)
