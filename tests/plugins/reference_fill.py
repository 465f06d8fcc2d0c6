"""How a public reference and our network get the same random weights, and which outputs are compared.

A file in `reference/` was made by running the named reference once, filled by `fill` by the reference's own tensor
names, on the input of `pixels`; it keeps names, shapes and some of the outputs. Nothing of the reference is in it.
"""

from __future__ import annotations

import json
import zlib
from pathlib import Path

import numpy as np
import torch

HOME = Path(__file__).parent / "reference"
SAMPLES = 256


def fill(shapes: dict[str, list[int]], lift: float = 0.0) -> dict[str, torch.Tensor]:
    """Seeded values for every tensor name: no parameter stays at a value that would hide a wrong connection.

    `lift` is added to biases, for networks so narrow that rectifiers would leave nothing.
    """
    tensors = {}
    for name, shape in shapes.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.zeros((), dtype=torch.int64)
            continue
        if name.endswith(("running_mean", "._mean")):
            values = rng.normal(0.0, 0.5, shape)
        elif name.endswith(("running_var", "._variance")) or (len(shape) == 1 and name.endswith("weight")):
            values = rng.uniform(0.5, 1.5, shape)
        elif len(shape) == 1:
            values = rng.normal(0.0, 0.2, shape) + (lift if name.endswith("bias") else 0.0)
        else:
            values = rng.normal(0.0, 0.7 / np.prod(shape[1:]) ** 0.5, shape)
        tensors[name] = torch.from_numpy(np.asarray(values, np.float32))
    return tensors


def pixels(size_hw: tuple[int, int]) -> torch.Tensor:
    """float32 `[1, 3, H, W]`, the same everywhere."""
    rng = np.random.default_rng(size_hw[0] * 10_000 + size_hw[1])
    return torch.from_numpy(rng.normal(0.0, 1.0, (1, 3, *size_hw)).astype(np.float32))


def places(shape: tuple[int, ...]) -> np.ndarray:
    """Where outputs are sampled: indices into the flattened array."""
    return np.random.default_rng(int(np.prod(shape))).integers(0, int(np.prod(shape)), SAMPLES)


def summary(output: torch.Tensor) -> dict[str, object]:
    """What is kept of an output."""
    values = output.double().numpy()
    sampled = values.reshape(-1)[places(values.shape)]
    return {
        "shape": list(values.shape),
        "largest": float(np.abs(values).max()),
        "mean": float(values.mean()),
        "samples": [float(f"{value:.8g}") for value in sampled],
    }


def write(name: str, *, source: str, model: str, options: dict, shapes: dict, outputs: dict, lift: float = 0.0) -> None:
    """Keep one reference run; `outputs` is `summary` by "HxW", or by "HxW" and head.

    Beside the heads `found` may keep the best objects: their `scores`, `channels` and the `areas` of their masks.
    """
    document = {
        "source": source,
        "model": model,
        "options": options,
        "lift": lift,
        "outputs": outputs,
        "shapes": shapes,
    }
    HOME.mkdir(exist_ok=True)
    (HOME / f"{name}.json").write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


def names() -> list[str]:
    return sorted(path.stem for path in HOME.glob("*.json"))


def names_with_objects() -> list[str]:
    return [name for name in names() if any("found" in outputs for outputs in read(name)["outputs"].values())]


def filled(kept: dict) -> dict[str, torch.Tensor]:
    """The weights with which a kept run was made."""
    return fill(kept["shapes"], kept.get("lift", 0.0))


def read(name: str) -> dict:
    return json.loads((HOME / f"{name}.json").read_text(encoding="utf-8"))
