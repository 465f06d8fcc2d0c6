"""Layers in, one buffer of the viewport's size out: where the view is, which pixels it samples, how they are coloured.

May import: core, ops, numpy and cv2; never Qt.
Start at `compositor.py` (what is drawn in which order), then `viewport.py` (where) and `lut.py` (in which colours).
"""
