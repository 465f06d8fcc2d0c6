"""The segmenter in hand: who is asked when, what is dropped, and what becomes of answers, with the oracle."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from segstudio.core.errors import UserError
from segstudio.core.geometry import Rect
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.host import DirectHost, PromptJob
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import Capabilities
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import CURRENT, NEXT, PREVIOUS, Encode, Encoded, EverythingSettings, Result
from segstudio.models.registry import ModelRegistry, ModelStatus
from segstudio.session.assist import prompt_choice
from segstudio.session.assist.prompt_results import PROMPTS, mask_of_object, prompt_of, put_prompted, things_of
from segstudio.session.assist.prompt_runs import find_everything, track_objects
from segstudio.session.assist.prompting import Prompting
from segstudio.settings import load_settings, save_settings


def host_of(predictor):
    return DirectHost(PromptBench(lambda spec: predictor, EmbeddingCache()))


class Waiting:
    """A host that answers when it is told to."""

    def __init__(self):
        self.jobs, self.cancelled = [], []

    def submit(self, task, *, priority=CURRENT, on_reply=lambda _: None):
        self.jobs.append(PromptJob(len(self.jobs), task, priority, on_reply))
        return self.jobs[-1]

    def cancel(self, job):
        self.cancelled.append(job)

    def close(self):
        """Nothing is held."""


@pytest.fixture
def prompting(opened):
    """On the oracle, which answers at once."""
    opened.prompting = Prompting(opened, lambda: host_of(Oracle()))
    opened.prompting.choose("oracle")
    return opened.prompting


@pytest.fixture
def waiting(opened):
    host = Waiting()
    opened.prompting = Prompting(opened, lambda: host)
    opened.prompting.choose("sam-vit-b")
    return opened.prompting, host


CAR = Prompt().with_point(20, 40, positive=True)


def test_a_prompt_is_answered_in_pixels_of_the_image(prompting):
    answers = []
    prompting.ask(CAR, answers.append)
    (proposal,) = answers[0].proposals
    assert proposal.rect == Rect(10, 35, 30, 45)
    assert proposal.mask_hw.all()
    assert prompting.state == "ready"


def test_embedding_begins_with_the_image_on_screen_then_the_next_then_the_one_before(waiting, opened):
    prompting, host = waiting
    opened.go(1)
    prompting.prepare()
    prompting.prepare()
    assert [job.priority for job in host.jobs] == [CURRENT]
    assert host.jobs[0].task.frame.image_hwc is opened.document.pyramid.image_hwc
    host.jobs[0].tell(Result(Encoded("encoded", Capabilities(), "cpu")))
    assert [job.priority for job in host.jobs] == [CURRENT, NEXT, PREVIOUS]
    assert all(isinstance(job.task, Encode) for job in host.jobs)
    pictures = [job.task.frame.image_hwc for job in host.jobs[1:]]
    opened.go(2)
    assert opened.document.pyramid.image_hwc is pictures[0]
    prompting.prepare()
    # The next image has the frame already that it was embedded as.
    assert host.jobs[3].task.frame.id == host.jobs[1].task.frame.id


def test_the_latest_question_wins_and_stale_answers_are_dropped(waiting):
    prompting, host = waiting
    answers = []
    prompting.ask(CAR, lambda answer: answers.append("first"))
    prompting.ask(CAR, lambda answer: answers.append("second"))
    assert host.cancelled == [host.jobs[0]]
    host.jobs[0].tell(Result([]))
    host.jobs[1].tell(Result([]))
    assert answers == ["second"]


def test_an_answer_that_comes_after_the_image_is_gone_is_dropped(waiting, opened):
    prompting, host = waiting
    answers = []
    prompting.ask(CAR, answers.append)
    opened.go(1)
    host.jobs[0].tell(Result([]))
    assert answers == []


def test_without_a_segmenter_a_sentence_says_what_to_do(opened, monkeypatch, tmp_path):
    monkeypatch.setenv("SEGSTUDIO_WEIGHTS", str(tmp_path))
    known = prompt_choice.segmenter_choices()
    never = [choice for choice in known if choice.status.state != "works" or choice.card.precedence < 0]
    assert {"oracle", "random-weights"} <= {choice.card.name for choice in never}
    monkeypatch.setattr(prompt_choice, "segmenter_choices", lambda: never)
    prompting = Prompting(opened, Waiting)
    with pytest.raises(UserError, match="no segmenter is chosen"):
        prompting.ask(CAR, lambda answer: None)
    assert prompting.title == ""
    choices = {choice.card.name: choice for choice in prompting.choices()}
    assert str(tmp_path) in choices["sam-vit-b"].how
    assert choices["oracle"].status.state == "works"


@pytest.fixture
def all_work(monkeypatch):
    """Every segmenter has its weights."""
    monkeypatch.setattr(ModelRegistry, "status", lambda registry, name: ModelStatus("works"))


def test_of_several_that_work_the_finest_is_taken(all_work):
    names = [choice.card.name for choice in prompt_choice.segmenter_choices()]
    order = ["sam3", "sam2.1-hiera-l", "sam2.1-hiera-t", "sam-hq-vit-l", "sam-vit-h", "sam-vit-b", "mobile-sam"]
    assert [name for name in names if name in order] == order
    assert set(names[-2:]) == {"oracle", "random-weights"}
    assert prompt_choice.first_choice() == ("sam3", None)


def test_the_one_used_last_is_taken_while_it_works(all_work, monkeypatch, tmp_path):
    save_settings(replace(load_settings(), segmenter="sam-vit-b"))
    assert prompt_choice.first_choice() == ("sam-vit-b", None)
    save_settings(replace(load_settings(), segmenter="oracle"))
    assert prompt_choice.first_choice() == ("oracle", None)
    save_settings(replace(load_settings(), segmenter="gone", segmenter_folder=str(tmp_path)))
    assert prompt_choice.first_choice() == ("sam3", None)
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")
    save_settings(replace(load_settings(), segmenter="sam-hq-vit-b", segmenter_folder=str(tmp_path)))
    monkeypatch.setattr(ModelRegistry, "status", lambda registry, name: ModelStatus("weights needed"))
    assert prompt_choice.first_choice() == ("sam-hq-vit-b", tmp_path)


def test_a_segmenter_that_fails_is_told_and_can_be_asked_again(opened):
    class Broken(Oracle):
        def encode(self, frame, *, cancel):
            raise RuntimeError("out of luck")

    told = []
    opened.notify.told.connect(told.append)
    opened.prompting = Prompting(opened, lambda: host_of(Broken()))
    opened.prompting.choose("oracle")
    for _ in range(2):
        opened.prompting.prepare()
        assert opened.prompting.problem
        assert "out of luck" in told[-1].text


def test_an_object_remembers_its_prompts_and_keeps_what_else_it_has(opened):
    document = opened.document
    mask_hw = np.ones((10, 20), np.bool_)
    made = put_prompted(document, Rect(10, 35, 30, 45), mask_hw, CAR, model="oracle", class_id=2)
    item = document.labels.objects.get(made)
    assert json.loads(item.attributes[PROMPTS]) == {"points": [[20, 40, 1]], "model": "oracle"}
    assert mask_of_object(item, document.size_hw).sum() == 200
    with document.begin("note") as stroke:
        stroke.put_object(replace(item, class_id=1, attributes={**item.attributes, "colour": "red"}))
    again = prompt_of(document.labels.objects.get(made)).with_point(5, 5, positive=False)
    put_prompted(document, Rect(10, 35, 20, 45), mask_hw[:, :10], again, model="oracle", class_id=2, target=made)
    item = document.labels.objects.get(made)
    assert (item.class_id, item.attributes["colour"]) == (1, "red")
    assert len(prompt_of(item).positive) == 2
    assert len(document.labels.objects) == 1
    document.undo()
    assert mask_of_object(document.labels.objects.get(made), document.size_hw).sum() == 200


@pytest.mark.parametrize("kept", ["", "{", "[]", "5", '{"points": [[1]]}', 7])
def test_a_damaged_attribute_is_no_prompt(opened, kept):
    made = put_prompted(opened.document, Rect(0, 0, 1, 1), np.ones((1, 1), bool), CAR, model="m", class_id=2)
    item = opened.document.labels.objects.get(made)
    assert prompt_of(replace(item, attributes={PROMPTS: kept})) is None


def test_things_are_pieces_of_classes(opened):
    things_hw = things_of(opened.document.truth)
    assert things_hw[40, 20] != things_hw[50, 20]
    assert len(np.unique(things_hw[35:45, 10:30])) == 1
    assert (things_hw == things_hw[40, 20]).sum() == 200


def test_everything_becomes_a_layer_and_labels_stay(prompting, opened):
    before = opened.document.labels.raster.ids_hw.copy()
    find_everything(opened, EverythingSettings(points_per_side=12, max_area=0.9))
    layer = opened.document.predictions["prediction:everything"]
    assert layer.locked
    assert 200 in [mask_of_object(item, opened.document.size_hw).sum() for item in layer.objects]
    np.testing.assert_array_equal(opened.document.labels.raster.ids_hw, before)
    assert not len(opened.document.labels.objects)
    assert not opened.document.history.undoable


def test_objects_are_followed_through_the_next_images(prompting, opened):
    prompting.prepare()
    made = put_prompted(opened.document, Rect(10, 35, 30, 45), np.ones((10, 20), bool), CAR, model="oracle", class_id=2)
    with pytest.raises(UserError, match="nothing is selected"):
        track_objects(opened)
    opened.view.set(mode="objects", selection=frozenset({made}))
    track_objects(opened)
    assert opened.view.now.shown["prediction:track"]
    for number in (1, 2):
        opened.go(number)
        (item,) = opened.document.predictions["prediction:track"].objects
        assert item.class_id == 2
        assert item.bounds() == Rect(10 + 10 * number, 35, 30 + 10 * number, 45)
        assert not len(opened.document.labels.objects)


def test_a_segmenter_of_single_images_does_not_follow(waiting, opened):
    prompting, _ = waiting
    made = put_prompted(opened.document, Rect(0, 0, 2, 2), np.ones((2, 2), bool), CAR, model="m", class_id=2)
    opened.view.set(mode="objects", selection=frozenset({made}))
    with pytest.raises(UserError, match="does not follow"):
        track_objects(opened)


class Deaf(Waiting):
    """Every embedding is made at once."""

    def submit(self, task, *, priority=CURRENT, on_reply=lambda _: None):
        job = super().submit(task, priority=priority, on_reply=on_reply)
        job.tell(Result(Encoded("encoded", Capabilities(), "cpu", 1000)))
        return job


def test_shown_images_are_embedded_ahead_from_the_open_one_on(opened):
    from segstudio.models.interactive.tasks import BULK
    from segstudio.session.assist.prompt_ahead import encode_ahead

    host, told = Deaf(), []
    opened.prompting = Prompting(opened, lambda: host)
    opened.prompting.choose("oracle")
    with pytest.raises(UserError, match="ground truth"):
        encode_ahead(opened)
    opened.prompting.choose("sam-vit-b")
    opened.notify.told.connect(told.append)
    opened.go(1)
    encode_ahead(opened)
    assert [(job.priority, job.task.ahead) for job in host.jobs] == [(BULK, True)] * 3
    first = host.jobs[0].task.frame.image_hwc
    np.testing.assert_array_equal(first, opened.document.pyramid.image_hwc)
    assert "3 images embedded" in told[-1].text
    assert opened.document.history.undoable == []


def test_prompts_are_there_after_reopening_and_can_be_refined(opened, street, tmp_path):
    from segstudio.session import Session
    from segstudio.session.jobs import SyncJobs
    from tests.session.answering_host import AnsweringHost

    document = opened.document
    made = put_prompted(document, Rect(10, 35, 30, 45), np.ones((10, 20), np.bool_), CAR, model="oracle", class_id=2)
    opened.close()
    again = Session(jobs=SyncJobs(), data_dir=tmp_path / "data", make_host=AnsweringHost, person="tester")
    again.open_path(street, format="class-id-png", class_set=opened.classes.current)
    item = again.document.labels.objects.get(made)
    kept = prompt_of(item)
    assert kept.points_xy.tolist() == CAR.points_xy.tolist()
    again.prompting = Prompting(again, lambda: host_of(Oracle()))
    again.prompting.choose("oracle")
    answers = []
    again.prompting.ask(kept.with_point(50, 55, positive=True), answers.append)
    assert answers[0].proposals[0].mask_hw.sum() > 200
    again.close()
