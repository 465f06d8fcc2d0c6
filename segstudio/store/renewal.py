"""Says again and again that an opening of a team's project is alive, so that what it holds stays its own."""

from __future__ import annotations

import threading
from contextlib import suppress

from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.store.image_leases import LEASE_SECONDS, Leases
from segstudio.store.lane import WriterLane


class Renewal:
    """A thread that prolongs the leases four times before they would run out, until `stop`."""

    def __init__(self, lane: WriterLane, leases: Leases, *, every: float = LEASE_SECONDS / 4) -> None:
        self._lane = lane
        self._leases = leases
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; returns once the thread is gone."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(self._every):
            # A server that does not answer now may do so before the lease ends.
            with suppress(EnvironmentFault, UserError):
                self._lane.run(self._leases.prolong)
