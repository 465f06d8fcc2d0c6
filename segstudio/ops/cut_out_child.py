"""The process in which a box is cut out: one request on its stdin, one answer on its stdout, then it ends.

GrabCut cannot be stopped half way, and where it fails it takes the whole program with it: a process can be killed.
"""

from __future__ import annotations

import io
import sys

import numpy as np

from segstudio.core.geometry import Rect
from segstudio.ops.grabcut import cut_out


def main() -> None:
    """Answer the one request."""
    with np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False) as request:
        box = Rect(*request["box"].tolist())
        inside_hw, outside_hw = request.get("foreground_hw"), request.get("background_hw")
        rect, mask_hw = cut_out(request["image_hwc"], box, foreground_hw=inside_hw, background_hw=outside_hw)
    answer = io.BytesIO()
    np.savez(answer, rect=np.array((rect.x0, rect.y0, rect.x1, rect.y1)), mask_hw=mask_hw)
    sys.stdout.buffer.write(answer.getvalue())


if __name__ == "__main__":
    main()
