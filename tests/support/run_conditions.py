"""Skips what this run cannot do: tests marked gpu, network or xvfb."""

from __future__ import annotations

import functools

import pytest


@functools.cache
def _has_accelerator():
    import torch

    return torch.accelerator.is_available() if hasattr(torch, "accelerator") else torch.cuda.is_available()


def pytest_runtest_setup(item):
    if item.get_closest_marker("network") and not item.config.getoption("--network"):
        pytest.skip("needs the internet: run with --network")
    if item.get_closest_marker("xvfb") and not item.config.getoption("--headed"):
        pytest.skip("needs a real windowing system: run with --headed")
    if item.get_closest_marker("gpu") and not _has_accelerator():
        pytest.skip("needs an accelerator that torch can use")
