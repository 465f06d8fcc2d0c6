"""The only room of SegStudio where torch lives: devices, weights files, networks at work, tiles, instances.

May import torch, segstudio.core, segstudio.ops and segstudio.models. Start at `predictor.py`.
"""

import os

# Read when torch is loaded. Threads that wait for each other by turning in circles keep the processor from those they
# wait for as soon as anything else runs too (a brush stroke, a picture that is decoded): five times as slow, measured.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
