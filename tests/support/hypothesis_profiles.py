"""How hard hypothesis searches: `dev` by default, `ci` where CI=true, `thorough` by HYPOTHESIS_PROFILE=thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# A slow or busy machine is no failure, so neither deadlines nor the health check that measures time apply anywhere.
_NO_CLOCK = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}


def pytest_configure():
    settings.register_profile("dev", max_examples=50, **_NO_CLOCK)
    settings.register_profile("ci", max_examples=100, derandomize=True, database=None, print_blob=True, **_NO_CLOCK)
    settings.register_profile("thorough", max_examples=2000, **_NO_CLOCK)
    default = "ci" if os.environ.get("CI") == "true" else "dev"
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", default))
