"""Fails a test that logs a warning or worse and neither looks at it (`caplog`) nor says so (the mark `allow_log`)."""

from __future__ import annotations

import logging

import pytest

# Loggers of other packages whose warnings say nothing about the code under test.
_NOISE = {
    "matplotlib.font_manager",  # builds its font cache once in every new home
}


class _Collector(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        if record.name not in _NOISE:
            self.records.append(record)


@pytest.fixture(autouse=True)
def no_unexpected_log(request):
    if "caplog" in request.fixturenames or request.node.get_closest_marker("allow_log"):
        yield
        return
    collector = _Collector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield
    finally:
        root.removeHandler(collector)
    lines = [f"{r.levelname} {r.name}: {r.getMessage()}" for r in collector.records]
    if lines:
        pytest.fail("logged without the test expecting it:\n" + "\n".join(lines), pytrace=False)
