"""The process in which a round runs: a request on stdin, then words that steer it; events on stdout, one JSON a line.

The words are `pause`, `go` and `cancel`; when stdin ends, whoever asked is gone, and the round stops as if cancelled.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any, TextIO

from segstudio.core.errors import Cancelled, SegStudioError
from segstudio.workflows.learning.request import Control, LearnRequest

PRIORITY = 10


def main() -> None:
    """Run one round, and say how it ended as the last event."""
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as events:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not end up among the events
        _lower_priority()
        request = LearnRequest.from_json(json.loads(sys.stdin.readline()))
        control = Control()
        threading.Thread(target=_listen, args=(sys.stdin, control), name="steering", daemon=True).start()

        def tell(event: Mapping[str, Any]) -> None:
            events.write(json.dumps(event) + "\n")
            events.flush()

        try:
            from segstudio.workflows.learning.round import run_round

            run_round(request, tell, control)
        except Cancelled:
            tell({"event": "cancelled"})
        except SegStudioError as error:
            tell({"event": "failed", "message": error.message, "hint": error.hint})
        except MemoryError:
            tell({"event": "failed", "message": "there is not enough memory to learn", "hint": "take a lighter model"})
    os._exit(0)  # the steering thread may wait on stdin for ever


def _listen(stream: TextIO, control: Control) -> None:
    steer = {"pause": control.pause, "go": control.go_on, "cancel": control.cancel}
    for line in stream:
        steer.get(line.strip(), control.cancel)()
    control.cancel()


def _lower_priority() -> None:
    if sys.platform != "win32":  # there the parent asks for it
        least = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(PRIORITY, least))


if __name__ == "__main__":
    main()
