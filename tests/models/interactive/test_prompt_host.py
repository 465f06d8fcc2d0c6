"""The segmenters' process: answers, order, interruption, cancel, death, hanging, and that nothing of it is left."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from segstudio.core.resources import bundled_plugins_dir
from segstudio.models.interactive.bench import PromptBench
from segstudio.models.interactive.cache import EmbeddingCache
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.host import DirectHost, PromptHost
from segstudio.models.interactive.oracle import Oracle
from segstudio.models.interactive.predictor import SegmenterSpec
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import (
    ASK,
    CURRENT,
    NEXT,
    Ask,
    Encode,
    Encoded,
    Everything,
    Failure,
    Result,
    TrackStart,
    TrackStep,
    Working,
)

WAIT = 60
ORACLE = SegmenterSpec("oracle")
SLOW = SegmenterSpec("oracle", options=(("encode_s", 20.0),))


def frame(name="a", shift=0):
    truth_hw = np.zeros((60, 90), np.uint16)
    truth_hw[10:30, 10 + shift : 40 + shift] = 1
    return Frame(name, np.repeat((truth_hw * 90)[..., None], 3, axis=2).astype(np.uint8), truth_hw)


POINT = Prompt().with_point(30, 20, positive=True)


def area(result):
    assert isinstance(result, Result), result
    return [int(candidate.pixels((60, 90))[1].sum()) for candidate in result.value]


@pytest.fixture
def folders(tmp_path):
    """The bundled plugin, and one whose segmenters misbehave."""
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "plugin.toml").write_text(
        'id = "odd"\nversion = "1"\napi = 1\n'
        + "".join(
            f'[[models]]\nname = "{name}"\ncard = "odd.{name.upper()}"\npredictor = "odd.open_{name}"\n'
            for name in ("raises", "hangs", "dies", "nan")
        )
    )
    (folder / "odd.py").write_text(
        """
import os, time
import numpy as np
from segstudio.plugins.api import Candidate, Capabilities, ClassSet, Embedding, ModelCard

def card(name):
    return ModelCard(name, "odd", name, "promptable", "", 2026, "", ClassSet.of_names(["a"]), runs_without_weights=True)

RAISES, HANGS, DIES, NAN = (card(name) for name in ("raises", "hangs", "dies", "nan"))

class Odd:
    capabilities = Capabilities()
    def __init__(self, act):
        self.model_hash, self.act = "odd", act
    def encode(self, frame, *, cancel):
        return Embedding({}, frame.size_hw, frame.size_hw)
    def predict(self, embedding, prompt, *, cancel):
        return self.act()
    def device_line(self):
        return "odd"
    def close(self):
        pass

def open_raises(weights, *, device="auto"):
    return Odd(lambda: 1 // 0)
def open_hangs(weights, *, device="auto"):
    return Odd(lambda: time.sleep(100))
def open_dies(weights, *, device="auto"):
    return Odd(lambda: os._exit(7))
def open_nan(weights, *, device="auto"):
    return Odd(lambda: [Candidate(np.full((4, 4), np.nan, np.float16), 1.0)])
"""
    )
    return [bundled_plugins_dir() / "promptable", folder]


@pytest.fixture
def host(folders, tmp_path):
    before = threading.active_count()
    host = PromptHost(folders, cache_folder=tmp_path / "cache", ask_s=4.0, grace_s=0.5)
    yield host
    pid = host.pid
    host.close()
    assert threading.active_count() == before
    if pid is not None:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture
def direct():
    return DirectHost(PromptBench(lambda spec: Oracle(), EmbeddingCache()))


def ready(host, spec=ORACLE, of=None):
    """Embed first, so that limits of time do not count the start of a process."""
    return host.submit(Encode(spec, of or frame())).wait(WAIT)


def test_a_prompt_embeds_once_and_is_answered(host, direct):
    for each in (host, direct):
        told = []
        first = each.submit(Ask(ORACLE, frame(), POINT), on_reply=told.append).wait(WAIT)
        assert area(first) == [600]
        assert isinstance(told[0], Working)
        encoded = each.submit(Encode(ORACLE, frame())).wait(WAIT).value
        assert isinstance(encoded, Encoded)
        assert encoded.source == "memory"
        assert encoded.capabilities.tracks


def test_another_process_finds_the_embedding_on_the_disk(host, folders, tmp_path):
    assert ready(host).value.source == "encoded"
    with PromptHost(folders, cache_folder=tmp_path / "cache") as second:
        assert ready(second).value.source == "disk"


def test_edited_pixels_are_embedded_anew(host):
    ready(host)
    other = frame("edited")
    other.image_hwc[0, 0] = 255
    assert ready(host, of=other).value.source == "encoded"


def test_a_more_urgent_prompt_interrupts_the_next_image(host):
    ready(host)
    later = host.submit(Encode(SegmenterSpec("oracle", options=(("encode_s", 1.0),)), frame("next", 3)), priority=NEXT)
    time.sleep(0.3)
    asked = host.submit(Ask(ORACLE, frame(), POINT), priority=ASK).wait(WAIT)
    assert area(asked) == [600]
    assert not later.ended
    assert isinstance(later.wait(WAIT), Result)


def test_cancel_is_told_at_once_and_the_next_task_runs(host):
    ready(host)
    job = host.submit(Encode(SLOW, frame("slow", 4)), priority=CURRENT)
    time.sleep(0.2)
    start = time.monotonic()
    host.cancel(job)
    assert time.monotonic() - start < 0.05
    assert job.wait(0).cancelled
    assert area(host.submit(Ask(ORACLE, frame(), POINT)).wait(WAIT)) == [600]
    assert host.starts == 1


def test_waiting_tasks_can_be_cancelled(host):
    first = host.submit(Encode(SLOW, frame("slow", 4)))
    second = host.submit(Encode(ORACLE, frame("b")))
    host.cancel(second)
    assert second.wait(0) == Failure("cancelled", cancelled=True)
    host.cancel(first)


@pytest.mark.parametrize(
    ("name", "said", "starts"),
    [("raises", "ZeroDivisionError", 1), ("nan", "no numbers", 1), ("dies", "exit code 7", 2), ("hangs", "in time", 2)],
)
def test_a_bad_segmenter_costs_its_own_task_only(host, name, said, starts):
    ready(host, SegmenterSpec(name))
    failed = host.submit(Ask(SegmenterSpec(name), frame(), POINT)).wait(WAIT)
    assert isinstance(failed, Failure)
    assert said in failed.message
    assert area(host.submit(Ask(ORACLE, frame(), POINT)).wait(WAIT)) == [600]
    assert host.starts == starts


def test_a_segmenter_that_hears_no_cancel_is_ended(host):
    ready(host, SegmenterSpec("hangs"))
    job = host.submit(Ask(SegmenterSpec("hangs"), frame(), POINT))
    time.sleep(0.2)
    host.cancel(job)
    assert area(host.submit(Ask(ORACLE, frame(), POINT)).wait(WAIT)) == [600]
    assert host.starts == 2


def test_no_such_segmenter_is_a_sentence(host):
    failed = host.submit(Encode(SegmenterSpec("nobody"), frame())).wait(WAIT)
    assert "no model 'nobody'" in failed.message


def test_everything_and_following_pass_through_the_process(host):
    found = host.submit(Everything(ORACLE, frame())).wait(WAIT).value
    assert [int(one.mask_hw.sum()) for one in found] == [600]
    mask_hw = frame().truth_hw == 1
    assert host.submit(TrackStart(ORACLE, frame(), "t", (mask_hw,))).wait(WAIT) == Result(None)
    (candidate,) = host.submit(TrackStep(ORACLE, frame("b", 5), "t")).wait(WAIT).value
    assert isinstance(candidate, Candidate)
    assert candidate.pixels((60, 90))[0].x0 == 15
    lost = host.submit(TrackStep(ORACLE, frame("c"), "another")).wait(WAIT)
    assert "lost" in lost.message


def test_closing_ends_what_runs_and_what_waits(folders):
    host = PromptHost(folders)
    jobs = [host.submit(Encode(SLOW, frame(name))) for name in "ab"]
    time.sleep(0.1)
    host.close()
    assert all(job.wait(1).cancelled for job in jobs)
    with pytest.raises(RuntimeError):
        host.submit(Encode(ORACLE, frame()))
