"""Plain facts: classes, rasters, segments, objects, layers, edits and their history; no pixels are drawn, read or
scored here.

May import: the standard library and numpy.
Start at `layer.py` (what an image's labels are), then `transaction.py` (the only way to change them).
"""

from segstudio.core.class_set import ClassSet, LabelClass

__all__ = ["ClassSet", "LabelClass"]
