"""Gaussian filtering of many channels in a space of many dimensions, on the permutohedral lattice.

Source: Adams, Baek, Davis, Fast High-Dimensional Filtering Using the Permutohedral Lattice, Eurographics 2010. Every
pixel lies in one simplex of the lattice; its values are spread over the d + 1 corners (splat), the corners are blurred
along d + 1 directions, and the pixel reads them back (slice). Here all pixels take each step together.
"""

from __future__ import annotations

import torch

FARTHEST = 1e6
"""Beyond this many deviations float32 no longer tells one lattice point from the next."""


class Lattice:
    """The lattice of one set of features; filters any values of the same pixels."""

    def __init__(self, features: torch.Tensor) -> None:
        """`features` float32 `[P, d]`, in units of the Gaussian's standard deviation. Raises `ValueError` where they
        lie too far apart for a lattice point to have a number of 63 bits.
        """
        count, dims = features.shape
        if float(features.abs().max()) > FARTHEST:
            raise ValueError("the features lie too far apart for a lattice")
        self._dims = dims
        elevated = _elevated(features)
        base, rank = _simplex(elevated)
        self._weights = _barycentric(elevated, base, rank)
        corners = torch.arange(dims + 1, device=features.device)
        # Corner number r adds r to a coordinate, less d + 1 where the coordinate's rank is among the last r.
        shift = corners[:, None] - (dims + 1) * (corners[None, :] > dims - corners[:, None])
        low, self._strides = _numbering(base)
        keys = torch.stack([self._number(base + shift[r][rank] - low) for r in range(dims + 1)], dim=1)
        self._points, place = torch.unique(keys, return_inverse=True)
        self._place = place.reshape(count, dims + 1)
        self._beside = [self._neighbours(axis) for axis in range(dims + 1)]

    def filter(self, values: torch.Tensor) -> torch.Tensor:
        """Sums of `values` float32 `[P, C]` over all pixels, weighted by exp(−distance² / 2) of their features, up to
        one constant factor.
        """
        points = values.new_zeros((len(self._points) + 1, values.shape[1]))  # the last stands for points without pixels
        for corner in range(self._dims + 1):
            points.index_add_(0, self._place[:, corner], values * self._weights[:, corner, None])
        for before, after in self._beside:
            points[:-1] = points[:-1] + 0.5 * (points[before] + points[after])
        result = torch.zeros_like(values)
        for corner in range(self._dims + 1):
            result.addcmul_(points[self._place[:, corner]], self._weights[:, corner, None])
        return result / (1 + 2.0**-self._dims)

    def _number(self, keys: torch.Tensor) -> torch.Tensor:
        """One int64 for the first d coordinates; the last one follows from them."""
        number = keys.new_zeros(len(keys))
        for i, stride in enumerate(self._strides):
            number = number + keys[:, i] * stride
        return number

    def _neighbours(self, axis: int) -> tuple[torch.Tensor, torch.Tensor]:
        """For each point the numbers of the two beside it along one direction; the number of points where none is."""
        step = torch.ones(self._dims + 1, dtype=torch.int64)
        step[axis] = -self._dims
        offset = sum(int(part) * stride for part, stride in zip(step[:-1].tolist(), self._strides, strict=True))
        found = []
        for sign in (-1, 1):
            wanted = self._points + sign * offset
            at = torch.searchsorted(self._points, wanted).clamp_(max=len(self._points) - 1)
            found.append(torch.where(self._points[at] == wanted, at, len(self._points)))
        return found[0], found[1]


def _elevated(features: torch.Tensor) -> torch.Tensor:
    """Features `[P, d]` in the hyperplane of d + 1 coordinates whose sum is 0, scaled for one blur per direction."""
    dims = features.shape[1]
    number = torch.arange(1, dims + 1, device=features.device, dtype=torch.float32)
    scaled = features * ((dims + 1) * (2 / 3) ** 0.5 / (number * (number + 1)).sqrt())
    later = scaled.flip(1).cumsum(1).flip(1)  # sums of this and all later ones
    first = later[:, :1]
    others = torch.cat((later[:, 1:], torch.zeros_like(first)), dim=1) - number * scaled
    return torch.cat((first, others), dim=1)


def _simplex(elevated: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The corner of remainder 0 of each pixel's simplex, int64 `[P, d + 1]`, and the ranks of the differences to it."""
    corners = elevated.shape[1]
    base = (elevated / corners).round().long() * corners
    order = (elevated - base).argsort(dim=1, descending=True, stable=True)
    rank = torch.empty_like(order).scatter_(1, order, torch.arange(corners, device=order.device).expand_as(order))
    # Rounding may have left the plane by some steps: the ranks wrap around by as many.
    rank = rank + base.sum(dim=1, keepdim=True) // corners
    low, high = rank < 0, rank >= corners
    base = base + corners * (low.long() - high.long())
    return base, rank + corners * (low.long() - high.long())


def _barycentric(elevated: torch.Tensor, base: torch.Tensor, rank: torch.Tensor) -> torch.Tensor:
    """Weights of the d + 1 corners, float32 `[P, d + 1]`, which add up to 1."""
    corners = elevated.shape[1]
    ordered = torch.empty_like(elevated).scatter_(1, rank, (elevated - base) / corners)  # by rank, falling
    falling = ordered[:, :-1] - ordered[:, 1:]  # between rank k and k + 1: the weight of corner d − k
    first = 1 - falling.sum(dim=1, keepdim=True)
    return torch.cat((first, falling.flip(1)), dim=1)


def _numbering(base: torch.Tensor) -> tuple[torch.Tensor, list[int]]:
    """The least coordinates that a corner or its neighbour has, and by what each further coordinate counts."""
    margin = 2 * base.shape[1]
    low = base.amin(dim=0) - margin
    spans = (base.amax(dim=0) + margin - low + 1).tolist()
    strides, product = [], 1
    for span in spans[:-1]:
        strides.append(product)
        product *= int(span)
    if product >= 1 << 63:
        raise ValueError("the features lie too far apart for a lattice")
    return low, strides
