"""AI points when things are odd: tiny and plain pictures, many classes, segmenters that misbehave, changes meanwhile.

What a person labelled, and the undo stack, are the same afterwards in every case.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt

from segstudio.core.class_set import ClassSet, LabelClass
from segstudio.core.geometry import Rect
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.host import DirectHost, PromptJob
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import Capabilities
from segstudio.models.interactive.tasks import CURRENT, Ask, Encode, Encoded, EverythingSettings, Failure, Result
from segstudio.session.assist.prompt_runs import find_everything
from segstudio.session.assist.prompting import Prompting
from tests.ui.canvas_stage import ALT, CAR, ROAD, SHIFT, make_document, show, stage  # noqa: F401 (a fixture)


class All(Oracle):
    """Everything belongs to everything; `act` may do worse."""

    capabilities = Capabilities()

    def __init__(self, act=None):
        super().__init__()
        self.act = act

    def encode(self, frame, *, cancel):
        from segstudio.models.interactive.embedding import Embedding

        return Embedding({}, frame.size_hw, frame.size_hw)

    def predict(self, embedding, prompt, *, cancel):
        return [Candidate(np.full((4, 4), 5, np.float16), 0.9)] if self.act is None else self.act()


class Held:
    """A host that answers when it is told to."""

    def __init__(self):
        self.jobs = []

    def submit(self, task, *, priority=CURRENT, on_reply=lambda _: None):
        self.jobs.append(PromptJob(len(self.jobs), task, priority, on_reply))
        return self.jobs[-1]

    def cancel(self, job):
        job.tell(Failure("cancelled", cancelled=True))

    def close(self):
        """Nothing is held."""

    def last(self, kind):
        return next(job for job in reversed(self.jobs) if isinstance(job.task, kind))


def use(stage, host_or_predictor, mode="objects"):  # noqa: F811
    host = host_or_predictor
    if not hasattr(host, "submit"):
        bench = PromptBench(lambda spec: host_or_predictor, EmbeddingCache())
        host = DirectHost(bench)
    stage.session.prompting = Prompting(stage.session, lambda: host)
    stage.session.prompting.choose("random-weights")
    stage.view(mode=mode, tool="ai")
    return stage.session.prompting


def same(stage, before):  # noqa: F811
    np.testing.assert_array_equal(stage.ids, before)
    assert stage.steps() == []
    assert stage.objects == []


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 40), (40, 1), (33, 47)])
@pytest.mark.parametrize("mode", ["objects", "semantic"])
def test_tiny_and_plain_pictures(stage, size_hw, mode):  # noqa: F811
    show(stage.session, make_document(stage.session, size_hw))
    use(stage, All(), mode)
    stage.view(active_class=2)
    height, width = size_hw
    stage.hand.click(width / 2, height / 2)
    assert stage.canvas.tool.proposal.rect == Rect(0, 0, width, height)
    assert stage.steps() == []
    stage.hand.key(Qt.Key.Key_Return)
    assert stage.steps() == ["AI points"]
    stage.session.undo()
    assert stage.objects == []
    assert not stage.ids.any()


def test_the_last_of_255_classes_is_painted(stage):  # noqa: F811
    many = ClassSet("many", tuple(LabelClass(i, f"c{i}", (i % 256, 0, 90), train_id=i) for i in range(255)))
    stage.session.classes.replace(many)
    use(stage, All(), "semantic")
    stage.view(active_class=254)
    stage.hand.click(50, 50)
    stage.hand.key(Qt.Key.Key_Return)
    (segment,) = np.unique(stage.ids)
    assert stage.document.labels.segments.get(int(segment)).class_id == 254


def test_prompts_beyond_the_picture_and_boxes_without_area(stage):  # noqa: F811
    use(stage, All())
    height, width = stage.document.size_hw
    before = stage.ids
    for hand in (
        lambda: stage.hand.click(-30, -30),
        lambda: stage.hand.drag((-50, -40), (width + 60, height + 60)),
        lambda: stage.hand.drag((30, 30), (60, 30), (30, 30)),
        lambda: stage.hand.drag((10, 10), (10, 60)),
        lambda: stage.hand.drag((-20, -20), (-10, 60), (-30, 20), keys=ALT),
    ):
        hand()
        prompt = stage.canvas.tool._prompt
        for xy in prompt.points_xy:
            assert 0 <= xy[0] <= width
            assert 0 <= xy[1] <= height
        if prompt.box_xyxy is not None:
            assert prompt.box_xyxy[0] >= 0
            assert prompt.box_xyxy[2] <= width
        stage.hand.key(Qt.Key.Key_Escape)
        same(stage, before)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: 1 // 0, "ZeroDivisionError"),
        (lambda: [Candidate(np.full((4, 4), np.nan, np.float16), 1.0)], "no numbers"),
        (lambda: [Candidate(np.zeros((4, 4), np.float16), float("nan"))], "no numbers"),
        (lambda: [Candidate(np.zeros((3,), np.float16), 1.0)], "logits"),
        (lambda: None, "NoneType"),
        (list, "finds nothing"),
    ],
)
def test_a_segmenter_that_misbehaves_costs_its_prompt_only(stage, act, said):  # noqa: F811
    told = []
    stage.session.notify.told.connect(told.append)
    stage.paint(slice(0, 30), slice(0, 30), ROAD)
    predictor = All(act)
    use(stage, predictor)
    before = stage.ids
    stage.hand.click(40, 80)
    assert said in told[-1].text
    stage.hand.key(Qt.Key.Key_Return)
    same(stage, before)
    predictor.act = None
    stage.hand.key(Qt.Key.Key_Escape)
    stage.hand.click(40, 80)
    assert stage.canvas.tool.proposal is not None


def test_another_image_while_it_embeds_or_answers(stage):  # noqa: F811
    host = Held()
    prompting = use(stage, host)
    prompting.prepare()
    stage.hand.click(40, 80)
    asked, encoding = host.last(Ask), host.last(Encode)
    first = stage.document
    show(stage.session, make_document(stage.session, (50, 70)))
    encoding.tell(Result(Encoded("encoded", Capabilities(), "")))
    asked.tell(Result([Candidate(np.full((4, 4), 5, np.float16), 0.9)]))
    assert stage.canvas.tool.proposal is None
    stage.hand.key(Qt.Key.Key_Return)
    assert stage.steps() == []
    assert not first.history.undoable
    assert first.labels.objects.get(1) is None


ACTS = ["click", "minus", "answer", "nothing", "fails", "undo", "escape", "tab"]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from(["click", "minus", "answer", "nothing", "fails", "undo", "escape", "tab"]), max_size=12)
)
def test_whatever_comes_when_nothing_is_labelled_before_enter(stage, acts):  # noqa: F811
    host = Held()
    use(stage, host)
    before = stage.ids
    for number, act in enumerate(acts):
        x = 20 + 9 * number
        if act in ("click", "minus"):
            stage.hand.click(x, 40, keys=SHIFT if act == "minus" else Qt.KeyboardModifier.NoModifier)
        elif act == "undo":
            stage.canvas.undo_in_tool()
        elif act in ("escape", "tab"):
            stage.hand.key(Qt.Key.Key_Escape if act == "escape" else Qt.Key.Key_Tab)
        elif host.jobs:
            answers = {
                "answer": Result([Candidate(np.full((4, 4), 5, np.float16), 0.9)]),
                "nothing": Result([]),
                "fails": Failure("no luck"),
            }
            host.jobs[-1].tell(answers[act])
        same(stage, before)
    stage.hand.key(Qt.Key.Key_Escape)
    assert stage.canvas.tool.proposal is None
    same(stage, before)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32 - 1))
def test_protected_pixels_survive_whatever_the_segmenter_says(stage, seed):  # noqa: F811
    rng = np.random.default_rng(seed)
    height, width = stage.document.size_hw
    ids = np.where(rng.random((height // 10, width // 10)) < 0.5, ROAD, 0).repeat(10, 0).repeat(10, 1)
    stage.paint(slice(0, ids.shape[0]), slice(0, ids.shape[1]), ids.astype(np.uint16))
    logits = rng.normal(size=(8, 8)).astype(np.float16)
    use(stage, All(lambda: [Candidate(logits, 0.9)]), "semantic")
    stage.view(protected_classes=frozenset({0}), active_class=2)
    before = stage.ids
    stage.hand.click(40, 40)
    np.testing.assert_array_equal(stage.ids, before)
    stage.hand.key(Qt.Key.Key_Return)
    after = stage.ids
    np.testing.assert_array_equal(after[before == ROAD], ROAD)
    assert len(stage.steps()) <= 1
    stage.session.undo()
    np.testing.assert_array_equal(stage.ids, before)


def test_everything_leaves_labels_objects_and_undo_alone(stage):  # noqa: F811
    stage.paint(slice(0, 30), slice(0, 30), CAR)
    before = stage.ids
    use(stage, All())
    stage.view(active_class=2)
    find_everything(stage.session, EverythingSettings(points_per_side=3, max_area=1.0))
    same(stage, before)
    assert len(stage.document.predictions["prediction:everything"].objects) == 1
