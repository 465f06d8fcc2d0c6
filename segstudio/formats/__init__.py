"""Every data set layout of the field, one file each: detect, read, write, and what the layout cannot hold.

May import: core, ops, orjson, Pillow. Siblings (metrics, models, render, store, settings) never.
Start at `registry.py` (how a path finds its format), then `files.py` (what may be opened), `staging.py` (safe writes).
"""

from segstudio.formats.registry import detect, first_images, format_of, losses, names, read, register, write
from segstudio.formats.report import AmbiguousFormat, Candidate, Loss, WriteReport

__all__ = [
    "AmbiguousFormat",
    "Candidate",
    "Loss",
    "WriteReport",
    "detect",
    "first_images",
    "format_of",
    "losses",
    "names",
    "read",
    "register",
    "write",
]
