"""A file as the picture that is looked at and that models see: the same pixels wherever they are asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from segstudio.render.pyramid import Pyramid


def read_pyramid(path: Path, page: int = 0) -> Pyramid:
    """Decode a picture, with its brightness window where it needs one. Raises `UserError` where it cannot be read."""
    from segstudio.ops.image import read_image
    from segstudio.ops.window import as_samples

    source = read_image(path, page=page).source
    has_alpha = source.dtype == np.uint8 and source.ndim == 3 and source.shape[2] == 4
    if has_alpha and path.suffix.lower() not in (".tif", ".tiff"):
        source = np.ascontiguousarray(source[:, :, :3])
    pyramid = Pyramid(as_samples(source))
    if not pyramid.is_plain:
        _ = pyramid.quantiles  # counted here, where nobody waits for it
    return pyramid
