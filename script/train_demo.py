"""Train the demo's two networks on the Toytown training split and measure them on its validation split.

    python script/train_demo.py toytown-unet --threads 1 --minutes 25

Writes `plugins/toytown/weights/<name>.safetensors` (float16) and, beside it, `<name>.json` with what was measured: at
1024×512, from the weights as they were stored. The same seed and thread count give the same batches; `--minutes` ends
the schedule early on a slow machine, so only a run that is given enough time repeats exactly.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import math
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from segstudio.core.class_set import IGNORED, ClassSet  # noqa: E402
from segstudio.metrics import ConfusionMatrix  # noqa: E402
from segstudio.workflows.toytown.dataset import IMAGES, SEED, generate  # noqa: E402

PLUGIN = ROOT / "plugins" / "toytown"
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class Recipe:
    """How one network is trained; `balance` 0 counts all pixels alike, 1 all classes alike."""

    builder: str
    steps: int
    batch: int
    crop_hw: tuple[int, int]
    scales: tuple[float, float]
    peak_rate: float
    balance: float


RECIPES = {
    "toytown-unet": Recipe("build_unet", 6000, 4, (256, 448), (0.7, 1.35), 5e-3, 0.2),
    "toytown-fastscnn": Recipe("build_fastscnn", 2200, 4, (256, 480), (0.7, 1.35), 5e-3, 0.2),
}

Photo = NDArray[np.uint8]
Labels = NDArray[np.uint8]


def main() -> None:
    """Train one network and write its weights and its measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(RECIPES))
    parser.add_argument(
        "--data", type=Path, help="where the data set is or shall be painted (default: a passing folder)"
    )
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60.0, help="upper limit of the training time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resume", action="store_true", help="go on from the stored weights, at half the rate")
    parser.add_argument("--measure-only", action="store_true", help="measure the stored weights again")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    class_set = ClassSet.load("toytown")
    with tempfile.TemporaryDirectory() as passing:
        data = generate(options.data or Path(passing) / "toytown", seed=SEED, images=IMAGES)
        train, val = (read_split(data, split, class_set) for split in ("train", "val"))
    weights = PLUGIN / "weights" / f"{options.model}.safetensors"
    report_path = weights.with_suffix(".json")
    build = getattr(networks(), RECIPES[options.model].builder)
    if options.measure_only:
        facts = json.loads(report_path.read_text(encoding="utf-8"))["training"]
    else:
        facts = train_and_store(build, RECIPES[options.model], train, class_set, options, weights)
    model = build(class_set.num_classes)
    load_stored(model, weights)
    report = {"name": options.model, **facts_of(weights), **measure(model, val, class_set), "training": facts}
    report_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=2))


def networks() -> ModuleType:
    """Import the plugin's networks from their file: plugins are no packages."""
    spec = importlib.util.spec_from_file_location("toytown_networks", PLUGIN / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_split(data: Path, split: str, class_set: ClassSet) -> list[tuple[Photo, Labels]]:
    """Return the photos (RGB) and evaluation indices of a split, in the order of their names."""
    index = np.full(256, IGNORED, np.uint8)
    for class_id, position in class_set.index_of.items():
        index[class_id] = position
    pairs = []
    for path in sorted((data / "leftImg8bit" / split).glob("*/*_leftImg8bit.png")):
        truth = data / "gtFine" / split / path.parent.name / path.name.replace("leftImg8bit", "gtFine_labelIds")
        photo = np.asarray(cv2.imread(str(path)), np.uint8)[..., ::-1].copy()
        pairs.append((photo, index[np.asarray(cv2.imread(str(truth), cv2.IMREAD_UNCHANGED))]))
    return pairs


def train_and_store(
    build: Callable[[int], nn.Module],
    recipe: Recipe,
    train: list[tuple[Photo, Labels]],
    class_set: ClassSet,
    options: argparse.Namespace,
    weights: Path,
) -> dict[str, object]:
    """Train from a seeded start, store the weights as float16 and return the facts of the training."""
    torch.manual_seed(options.seed)
    model = build(class_set.num_classes)
    before = {"steps": 0, "seconds": 0, "resumed": 0}
    if options.resume:
        load_stored(model, weights)
        recipe = replace(recipe, peak_rate=recipe.peak_rate / 2)
        before = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))["training"]
    started = time.monotonic()
    steps = fit(model, recipe, train, class_set.num_classes, options.seed, options.minutes * 60)
    seconds = time.monotonic() - started
    weights.parent.mkdir(parents=True, exist_ok=True)
    # Batch counters are needed for further training only.
    state = {name: value.half().contiguous() for name, value in model.state_dict().items() if "num_batches" not in name}
    save_file(state, weights)
    # safetensors writes for the owner alone; what ships must be readable by everyone.
    weights.chmod(0o644)
    return {
        "images": len(train),
        "steps": before["steps"] + steps,
        "resumed": before.get("resumed", 0) + int(options.resume),
        "batch": recipe.batch,
        "seed": options.seed,
        "threads": options.threads,
        "seconds": before["seconds"] + round(seconds),
        "torch": torch.__version__.split("+")[0],
    }


def fit(
    model: nn.Module, recipe: Recipe, train: list[tuple[Photo, Labels]], classes: int, seed: int, limit: float
) -> int:
    """Train for the recipe's steps, or for `limit` seconds with the schedule shortened; return the steps made."""
    random = np.random.default_rng(seed)
    weight = class_weights(train, classes, recipe.balance)
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.peak_rate, weight_decay=1e-3)
    model.train().to(memory_format=torch.channels_last)
    started, order, smooth = time.monotonic(), np.array([], np.int64), 0.0
    for step in range(recipe.steps):
        part = max(step / recipe.steps, (time.monotonic() - started) / limit)
        if part >= 1:
            return step
        for group in optimizer.param_groups:
            group["lr"] = recipe.peak_rate * min(1.0, (step + 1) / 40) * (0.5 + 0.5 * math.cos(math.pi * part))
        if len(order) < recipe.batch:
            order = np.concatenate([order, random.permutation(len(train))])
        chosen, order = order[: recipe.batch], order[recipe.batch :]
        images, labels = batch_of([augmented(train[i], recipe, random) for i in chosen])
        loss = functional.cross_entropy(model(images), labels, weight, ignore_index=IGNORED)
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        smooth = loss.item() if step == 0 else 0.95 * smooth + 0.05 * loss.item()
        if step % 50 == 0:
            print(f"step {step}/{recipe.steps} loss {smooth:.3f} {time.monotonic() - started:.0f} s", flush=True)
    return recipe.steps


def class_weights(train: list[tuple[Photo, Labels]], classes: int, balance: float) -> Tensor:
    """Return weights ∝ frequency ** −balance with mean 1 over the pixels."""
    counts = np.ones(classes)
    for _, labels in train:
        counts += np.bincount(labels.ravel(), minlength=256)[:classes]
    weight = counts ** (-balance)
    return torch.tensor(weight * counts.sum() / (weight * counts).sum(), dtype=torch.float32)


def augmented(
    pair: tuple[Photo, Labels], recipe: Recipe, random: np.random.Generator
) -> tuple[NDArray[np.float32], Labels]:
    """Return a random crop at a random scale, mirrored or not, with other light; float RGB in about 0 … 1."""
    photo, labels = pair
    scale = random.uniform(*recipe.scales)
    height, width = recipe.crop_hw
    tall, wide = min(round(height / scale), photo.shape[0]), min(round(width / scale), photo.shape[1])
    y, x = random.integers(0, photo.shape[0] - tall + 1), random.integers(0, photo.shape[1] - wide + 1)
    window = np.s_[y : y + tall, x : x + wide]
    cut = cv2.resize(photo[window], (width, height), interpolation=cv2.INTER_LINEAR if scale > 1 else cv2.INTER_AREA)
    truth = cv2.resize(labels[window], (width, height), interpolation=cv2.INTER_NEAREST)
    if random.random() < 0.5:
        cut, truth = cut[:, ::-1], truth[:, ::-1]
    bright = cut.astype(np.float32) / 255
    bright = bright ** np.float32(random.uniform(0.75, 1.3)) * random.uniform(0.8, 1.2, 3).astype(np.float32)
    bright += random.normal(0, random.uniform(0, 0.03), bright.shape).astype(np.float32)
    return bright.astype(np.float32), np.asarray(truth, np.uint8)


def batch_of(samples: list[tuple[NDArray[np.float32], Labels]]) -> tuple[Tensor, Tensor]:
    """Return normalised images `[N, 3, H, W]` and labels `[N, H, W]`."""
    images = np.stack([(photo - MEAN) / STD for photo, _ in samples]).astype(np.float32)
    labels = np.stack([truth for _, truth in samples]).astype(np.int64)
    return torch.from_numpy(images).permute(0, 3, 1, 2), torch.from_numpy(labels)


def load_stored(model: nn.Module, weights: Path) -> None:
    """Put stored weights into a model; only the batch counters may be missing."""
    missing, unexpected = model.load_state_dict(load_file(weights), strict=False)
    assert not unexpected
    assert all(name.endswith("num_batches_tracked") for name in missing)


def facts_of(weights: Path) -> dict[str, object]:
    """Return size and SHA-256 of a file of weights, by which it is recognised."""
    return {"bytes": weights.stat().st_size, "sha256": hashlib.sha256(weights.read_bytes()).hexdigest()}


@torch.inference_mode()
def gmacs(model: nn.Module, height: int, width: int) -> float:
    """Return the 10⁹ multiply-accumulates of all convolutions for one image."""
    total = 0

    def count(layer: nn.Conv2d, _: tuple[Tensor, ...], output: Tensor) -> None:
        nonlocal total
        total += output.numel() * layer.weight[0].numel()

    hooks = [layer.register_forward_hook(count) for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    model(torch.zeros(1, 3, height, width))
    for hook in hooks:
        hook.remove()
    return round(total / 1e9, 3)


@torch.inference_mode()
def measure(model: nn.Module, val: list[tuple[Photo, Labels]], class_set: ClassSet) -> dict[str, object]:
    """Return parameters and the validation measures over whole images at their full size."""
    model.eval().to(memory_format=torch.channels_last)
    confusion = ConfusionMatrix(class_set.num_classes, ignore_index=IGNORED)
    started = time.monotonic()
    for photo, truth in val:
        images, _ = batch_of([(np.asarray(photo / np.float32(255), np.float32), truth)])
        confusion.add(truth, model(images).argmax(1)[0].to(torch.uint8).numpy())
    iou = confusion.iou()
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "gmacs": gmacs(model, *val[0][1].shape),
        "validation": {
            "images": len(val),
            "size": [val[0][0].shape[1], val[0][0].shape[0]],
            "miou": round(float(confusion.mean_iou()), 4),
            "pixel_accuracy": round(float(confusion.pixel_accuracy()), 4),
            "iou": {
                label.name: None if math.isnan(value) else round(float(value), 4)
                for label, value in zip(class_set.evaluated, iou, strict=True)
            },
            "seconds_per_image": round((time.monotonic() - started) / len(val), 3),
        },
    }


if __name__ == "__main__":
    main()
