"""Numbers that may be undefined: NaN inside the program, null in a document."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]
Fractions = npt.NDArray[np.float64]


def ratio(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> Fractions:
    """Divide elementwise in float64; NaN where the whole is zero."""
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole != 0)
    return out


def scalar_ratio(part: float | np.integer[Any], whole: float | np.integer[Any]) -> float:
    """Divide in float64; NaN where the whole is zero."""
    return float(part) / float(whole) if whole else math.nan


def mean_of_defined(values: Fractions) -> float:
    """Mean over the values that are not NaN; NaN when none is defined."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else math.nan


def number_or_none(value: float) -> float | None:
    """Return the number as JSON can hold it: None for NaN."""
    return None if math.isnan(value) else float(value)


def numbers_or_none(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """Return the numbers by name as JSON can hold them: None for NaN."""
    return {name: number_or_none(value) for name, value in numbers.items()}
