"""Between image and labels nothing asks a device for a value: on a GPU each such question would empty its queue.

Tensors of the device "meta" have shapes and no values, so that any question for one is an error.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from segstudio.models.card import Preprocess
from segstudio.models.request import PredictSettings
from segstudio.models.torch_backend.decoding import to_bytes
from segstudio.models.torch_backend.execution import Forward
from segstudio.models.torch_backend.pixels import as_logits
from segstudio.models.torch_backend.semantic import semantic_maps

META = torch.device("meta")
TABLES = np.arange(19, dtype=np.uint8), np.array([255, *range(18)], np.uint8)


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(),
        Preprocess(size_hw=(32, 64), resize="stretch", order="bgr", restore="labels"),
        Preprocess(size_hw=(32, 64), resize="stretch", antialias=True, restore="logits"),
        Preprocess(multiple=32),
    ],
)
@pytest.mark.parametrize("settings", [PredictSettings(), PredictSettings(flip=True, scales=(0.5, 1.0))])
@pytest.mark.parametrize("tile", [0, 64])
def test_from_pixels_to_bytes_no_value_is_asked_for(preprocess, settings, tile):
    network = torch.nn.Conv2d(3, 19, 3, stride=2, padding=1, device=META).eval()
    execute = Forward(network, settings)

    def forward(pixels):
        return as_logits(execute(pixels), (pixels.shape[-2], pixels.shape[-1]))

    images = torch.empty((2, 100, 140, 3), dtype=torch.uint8, device=META)
    with torch.inference_mode():
        found = semantic_maps(forward, images, preprocess, settings, tile=tile)
        for maps, table in zip(found.maps, TABLES, strict=True):
            labels, confidence = to_bytes(maps, table)
            assert (labels.dtype, confidence.dtype) == (torch.uint8, torch.uint8)
            assert labels.shape == confidence.shape == (100, 140)
            assert labels.device == maps.finite.device == META
