"""The model process: results, order, cancel, death, and that nothing of it is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest

from segstudio.models.backend import FAKE
from segstudio.models.events import DeviceInfo, Done, Failed, Progress, Started
from segstudio.models.host import ModelHost
from segstudio.models.in_process import InProcessHost
from segstudio.models.jobs import BATCH, NEIGHBOUR, ON_SCREEN
from segstudio.models.request import PredictRequest, PredictSettings

WAIT = 60


def image(height=60, width=40, value=7):
    return np.full((height, width, 3), value, np.uint8)


def request(model="bands", key="a", **more):
    return PredictRequest(model, image(**more), key=key)


@pytest.fixture(params=[ModelHost, InProcessHost])
def host(request):
    before = threading.active_count()
    host = request.param((), backend=FAKE)
    yield host
    host.close()
    assert threading.active_count() == before


@pytest.fixture
def child():
    before = threading.active_count()
    host = ModelHost((), backend=FAKE)
    yield host
    pid = host.pid
    host.close()
    assert threading.active_count() == before
    if pid is not None:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_request_gives_its_events_in_order(host):
    events = []
    job = host.submit(request(key="photo"), on_event=events.append)
    done = job.wait(WAIT)
    assert isinstance(done, Done)
    kinds = [type(event) for event in events]
    assert kinds[0] is Started
    assert kinds[-1] is Done
    assert Progress in kinds
    assert DeviceInfo in kinds
    assert {event.key for event in events} == {"photo"}
    assert host.device_line().startswith("fake device")
    np.testing.assert_array_equal(done.prediction.labels_hw[:, 0], np.repeat([0, 1, 2], 20))
    assert (done.prediction.confidence_hw == 7).all()


def test_images_of_changing_sizes_come_back_whole(host):
    for height, width in ((30, 20), (700, 900), (9, 9), (901, 1100)):
        done = host.submit(request(height=height, width=width, value=height % 251)).wait(WAIT)
        assert done.prediction.labels_hw.shape == (height, width)
        assert (done.prediction.confidence_hw == height % 251).all()


def test_earlier_results_are_not_overwritten_by_later_ones(host):
    first = host.submit(request(value=1)).wait(WAIT).prediction
    host.submit(request(value=2)).wait(WAIT)
    assert (first.confidence_hw == 1).all()


def test_the_image_on_screen_overtakes_neighbours_and_batch(host):
    order = []
    jobs = [host.submit(request("slow", "first"))]
    for key, priority in (("batch", BATCH), ("near", NEIGHBOUR), ("screen", ON_SCREEN)):
        jobs.append(
            host.submit(
                request(key=key),
                priority=priority,
                on_event=lambda e: order.append(e.key) if isinstance(e, Done) else None,
            )
        )
    jobs[0].cancel()
    for job in jobs:
        job.wait(WAIT)
    assert order == ["screen", "near", "batch"]


def test_a_running_request_stops_between_two_steps(host):
    running = threading.Event()
    job = host.submit(request("slow"), on_event=lambda e: running.set() if isinstance(e, Progress) else None)
    assert running.wait(WAIT)
    job.cancel(grace=WAIT)
    last = job.wait(WAIT)
    assert isinstance(last, Failed)
    assert last.cancelled
    assert isinstance(host.submit(request()).wait(WAIT), Done)
    if isinstance(host, ModelHost):
        assert host.starts == 1


def test_a_waiting_request_never_starts_after_its_cancel(host):
    blocking = host.submit(request("slow"))
    events = []
    waiting = host.submit(request(), on_event=events.append)
    waiting.cancel()
    assert waiting.wait(WAIT).cancelled
    blocking.cancel()
    blocking.wait(WAIT)
    assert [type(event) for event in events] == [Failed]


def test_errors_of_models_are_one_line_and_end_one_request(host):
    missing = host.submit(request("missing")).wait(WAIT)
    assert (missing.message, missing.hint) == ("there is no model 'missing'", "known: bands")
    broken = host.submit(request("broken")).wait(WAIT)
    assert broken.message == "broken failed: ZeroDivisionError: a bug in a plugin"
    assert isinstance(host.submit(request()).wait(WAIT), Done)


def test_closing_cancels_what_waits_and_what_runs(host):
    jobs = [host.submit(request("slow", str(k))) for k in range(3)]
    host.close()
    assert all(job.wait(WAIT).cancelled for job in jobs)
    with pytest.raises(RuntimeError, match="closed"):
        host.submit(request())


def test_a_killed_process_costs_the_running_image_only(child):
    running = threading.Event()
    lost = child.submit(request("slow"), on_event=lambda e: running.set() if isinstance(e, Progress) else None)
    kept = [child.submit(request(key=str(k))) for k in range(3)]
    assert running.wait(WAIT)
    os.kill(child.pid, signal.SIGKILL)
    failed = lost.wait(WAIT)
    assert isinstance(failed, Failed)
    assert "signal 9" in failed.message
    assert not failed.cancelled
    assert all(isinstance(job.wait(WAIT), Done) for job in kept)
    assert child.starts == 2


def test_a_model_that_ends_its_process_is_reported(child):
    failed = child.submit(request("dies")).wait(WAIT)
    assert "exit code 3" in failed.message
    assert isinstance(child.submit(request()).wait(WAIT), Done)


def test_a_stuck_model_is_ended_after_the_grace(child):
    running = threading.Event()
    job = child.submit(request("stuck"), on_event=lambda e: running.set() if isinstance(e, DeviceInfo) else None)
    assert running.wait(WAIT)
    job.cancel(grace=0.1)
    assert job.wait(WAIT).cancelled
    assert isinstance(child.submit(request()).wait(WAIT), Done)
    assert child.starts == 2


def test_a_process_that_falls_silent_is_ended_and_started_again():
    with ModelHost((), backend=FAKE, hang_s=2.5) as host:
        running = threading.Event()
        job = host.submit(request("slow"), on_event=lambda e: running.set() if isinstance(e, Progress) else None)
        assert running.wait(WAIT)
        os.kill(host.pid, signal.SIGSTOP)
        failed = job.wait(WAIT)
        assert "did not answer" in failed.message
        assert not failed.cancelled
        assert isinstance(host.submit(request()).wait(WAIT), Done)
        assert host.starts == 2


def test_a_long_computation_is_no_hang():
    with ModelHost((), backend=FAKE, hang_s=1.5) as host:
        assert isinstance(host.submit(request("slow")).wait(WAIT), Done)  # two seconds
        busy = host.submit(request("busy")).wait(WAIT)  # three seconds without a word from the model itself
        assert isinstance(busy, Done)
        assert host.starts == 1


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system does not tell memory this way")
def test_a_process_that_has_grown_too_large_is_replaced_between_two_images():
    with ModelHost((), backend=FAKE, memory_bytes=300 << 20) as host:
        for _ in range(2):
            assert isinstance(host.submit(request("greedy")).wait(WAIT), Done)
        assert host.starts == 1
        assert host.used_bytes > 300 << 20
        assert isinstance(host.submit(request()).wait(WAIT), Done)
        assert host.starts == 2
        assert host.used_bytes < 300 << 20


def test_a_backend_that_cannot_start_says_why():
    with ModelHost((), backend="segstudio.models.no_such_backend.X") as host:
        failed = host.submit(request()).wait(WAIT)
    assert "no_such_backend" in failed.message


def test_the_process_starts_with_the_first_request_only():
    with ModelHost((), backend=FAKE) as host:
        assert host.pid is None
    assert host.starts == 0


def run_python(code, **more):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=True,
        cwd=Path(__file__).parents[2],
        **more,
    ).stdout


def test_the_parent_imports_neither_torch_nor_qt():
    out = run_python("""
        import sys
        import segstudio.models, segstudio.models.host, segstudio.models.in_process
        import numpy as np
        from segstudio.models.request import PredictRequest
        cards = segstudio.models.list_models()
        assert cards
        host = segstudio.models.host.ModelHost((), backend="segstudio.models.fake_backend.FakeBackend")
        host.submit(PredictRequest("bands", np.zeros((4, 4, 3), np.uint8))).wait(60)
        host.close()
        print(sorted({name.split(".")[0] for name in sys.modules} & {"torch", "torchvision", "PySide6", "cv2"}))
    """)
    assert "torch" not in out
    assert "PySide6" not in out


def test_the_process_dies_with_its_parent():
    out = run_python("""
        import os, signal, sys, threading
        import numpy as np
        from segstudio.models.events import Progress
        from segstudio.models.host import ModelHost
        from segstudio.models.request import PredictRequest
        host = ModelHost((), backend="segstudio.models.fake_backend.FakeBackend")
        running = threading.Event()
        host.submit(
            PredictRequest("slow", np.zeros((4, 4, 3), np.uint8)),
            on_event=lambda e: running.set() if isinstance(e, Progress) else None,
        )
        running.wait(60)
        print(host.pid, flush=True)
        os._exit(0)
    """)
    gone = threading.Event()
    for _ in range(200):
        try:
            state = Path(f"/proc/{int(out)}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            state = "gone"
        if state in ("gone", "Z"):
            break
        gone.wait(0.05)
    assert state in ("gone", "Z")


def test_the_folder_of_the_program_cannot_lend_the_process_code(tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("open('it-ran', 'w')\nraise SystemExit", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with ModelHost((), backend=FAKE) as host:
        assert isinstance(host.submit(request()).wait(WAIT), Done)
    assert not (tmp_path / "it-ran").exists()


def test_a_real_network_runs_in_the_process(tiny_plugin):
    red = np.zeros((30, 30, 3), np.uint8)
    red[..., 0] = 255
    with ModelHost([tiny_plugin]) as host:
        done = host.submit(PredictRequest("tiny", red, settings=PredictSettings(device="cpu"))).wait(WAIT)
        assert isinstance(done, Done), done
        assert (done.prediction.labels_hw == 0).all()
        assert "CPU" in host.device_line()
        failed = host.submit(PredictRequest("tiny", red, weights="/nowhere/weights.pth")).wait(WAIT)
        assert "no such weights file" in failed.message
        objects = host.submit(PredictRequest("tiny-boxes", red)).wait(WAIT).prediction.objects
        assert [item.class_id for item in objects] == [0]
