"""Training of networks: crops, the one training loop, the start from other weights, and states to go on from.

May import torch, safetensors, segstudio.core, segstudio.ops and segstudio.models. Start at `trainer.py`.
"""
