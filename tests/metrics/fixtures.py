"""Small label maps whose metrics are known from the reference implementations. V is void, rows go top to bottom."""

from __future__ import annotations

import numpy as np
from pycocotools import mask as coco_mask

VOID = 255


def label_map(text: str) -> np.ndarray:
    """`"0011/22VV"` → uint8 [2, 4]."""
    rows = [[VOID if cell == "V" else int(cell) for cell in row.strip()] for row in text.split("/")]
    return np.array(rows, np.uint8)


# Three classes with void; confusion [[3, 1, 0], [0, 5, 0], [1, 0, 3]].
S1 = (label_map("0011/0011/221V/22VV"), label_map("0111/0011/2011/2222"))
# One lone pixel of class 1 that is missed; confusion [[15, 0, 0], [1, 0, 0], [0, 0, 0]].
S2 = (label_map("0000/0000/0000/0001"), label_map("0000/0000/0000/0000"))
# Class 2 occurs only in the prediction, class 1 nowhere.
S3 = (label_map("0000/0000/0000/0000"), label_map("2000/0000/0000/0000"))
# S1 with one valid pixel predicted void.
S4 = (label_map("0011/0011/221V/22VV"), label_map("V111/0011/2011/2222"))


def square(height: int, width: int, *, rows: slice, columns: slice) -> np.ndarray:
    """A bool mask with one filled rectangle."""
    mask = np.zeros((height, width), bool)
    mask[rows, columns] = True
    return mask


def rle_of(mask: np.ndarray) -> dict:
    """The COCO run lengths of a mask."""
    return coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))


def rle_box(height: int, width: int, *, top: int, left: int, rows: int, columns: int) -> dict:
    """The COCO run lengths of one filled rectangle."""
    return rle_of(square(height, width, rows=slice(top, top + rows), columns=slice(left, left + columns)))
