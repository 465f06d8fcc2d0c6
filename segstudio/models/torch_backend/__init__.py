"""The only room of SegStudio where torch lives: devices, weights files, networks at work, tiles, instances.

May import torch, segstudio.core, segstudio.ops and segstudio.models. Start at `predictor.py`.
"""
