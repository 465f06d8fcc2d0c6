"""Fails a Qt test that leaves a running timer, a busy thread pool or a top-level widget."""

from __future__ import annotations

import gc
import weakref

import pytest

_POOL_GRACE_MS = 5000
_TESTS_BETWEEN_FULL_COLLECTIONS = 25
_tests = 0


@pytest.fixture(autouse=True)
def no_leaked_qt(request):
    if not {"qtbot", "qapp"} & set(request.fixturenames):
        yield
        return
    app = request.getfixturevalue("qapp")
    gc.disable()
    monkeypatch = request.getfixturevalue("monkeypatch")
    timers = _record_started_timers(monkeypatch)
    # Kept as strong references: a widget of before must not hand its address to one of after.
    before = app.topLevelWidgets()
    yield
    _delete_what_was_asked_to_go(app)
    _collect_on_this_thread()
    left = _running(timers) + _widgets(app, before) + _pool()
    if left:
        pytest.fail("left behind by the test: " + ", ".join(left), pytrace=False)


def _collect_on_this_thread():
    """As the window does it: a worker that collects widgets waits for the interpreter inside a lock of Qt's."""
    global _tests
    _tests += 1
    gc.collect(2 if _tests % _TESTS_BETWEEN_FULL_COLLECTIONS == 0 else 1)
    gc.enable()


def _record_started_timers(monkeypatch):
    from PySide6.QtCore import QTimer

    started = weakref.WeakSet()
    start = QTimer.start

    def recording_start(self, *args):
        started.add(self)
        start(self, *args)

    monkeypatch.setattr(QTimer, "start", recording_start)
    return started


def _delete_what_was_asked_to_go(app):
    """pytest-qt closes its widgets with deleteLater, which only an event loop or this carries out."""
    from PySide6.QtCore import QEvent

    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _running(timers):
    import shiboken6

    alive = [t for t in timers if shiboken6.isValid(t) and t.isActive()]
    return [f"timer {t.objectName() or t.parent()!r} every {t.interval()} ms" for t in alive]


def _widgets(app, before):
    return [f"widget {w!r}" for w in app.topLevelWidgets() if w not in before]


def _pool():
    from PySide6.QtCore import QThreadPool

    return [] if QThreadPool.globalInstance().waitForDone(_POOL_GRACE_MS) else ["work in the global thread pool"]
