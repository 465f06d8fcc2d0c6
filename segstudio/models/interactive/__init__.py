"""Promptable segmenters: embed an image once, then points, boxes, outlines or words give masks within a blink.

May import what segstudio.models may; no torch. Start at `predictor.py` (the contract), then `bench.py` and `host.py`.
"""
