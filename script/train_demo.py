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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from segstudio.core.class_set import IGNORED, ClassSet  # noqa: E402
from segstudio.metrics import ConfusionMatrix  # noqa: E402
from segstudio.models.card import Preprocess  # noqa: E402
from segstudio.models.torch_backend.learning.crops import Recipe, batch_of  # noqa: E402
from segstudio.models.torch_backend.learning.trainer import Trainer  # noqa: E402
from segstudio.workflows.toytown.dataset import IMAGES, SEED, generate  # noqa: E402

PLUGIN = ROOT / "plugins" / "toytown"


@dataclass(frozen=True)
class Plan:
    """How one of the networks is made: the function that builds it, how long it trains, and on what crops."""

    builder: str
    steps: int
    recipe: Recipe


PLANS = {
    "toytown-unet": Plan("build_unet", 6000, Recipe(4, (256, 448), (0.7, 1.35), 5e-3, 0.2)),
    "toytown-fastscnn": Plan("build_fastscnn", 2200, Recipe(4, (256, 480), (0.7, 1.35), 5e-3, 0.2)),
}

Photo = NDArray[np.uint8]
Labels = NDArray[np.uint8]


def main() -> None:
    """Train one network and write its weights and its measures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=sorted(PLANS))
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
    build = getattr(networks(), PLANS[options.model].builder)
    if options.measure_only:
        facts = json.loads(report_path.read_text(encoding="utf-8"))["training"]
    else:
        facts = train_and_store(build, PLANS[options.model], train, class_set, options, weights)
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
    plan: Plan,
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
        plan = replace(plan, recipe=replace(plan.recipe, peak_rate=plan.recipe.peak_rate / 2))
        before = json.loads(weights.with_suffix(".json").read_text(encoding="utf-8"))["training"]
    started = time.monotonic()
    steps = fit(model, plan, train, class_set.num_classes, options.seed, options.minutes * 60)
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
        "batch": plan.recipe.batch,
        "seed": options.seed,
        "threads": options.threads,
        "seconds": before["seconds"] + round(seconds),
        "torch": torch.__version__.split("+")[0],
    }


def fit(model: nn.Module, plan: Plan, train: list[tuple[Photo, Labels]], classes: int, seed: int, limit: float) -> int:
    """Train for the plan's steps, or for `limit` seconds with the schedule shortened; return the steps made."""
    trainer = Trainer(model, train, plan.recipe, classes=classes, ignored=IGNORED, preprocess=Preprocess(), seed=seed)
    started, smooth = time.monotonic(), 0.0
    for step in range(plan.steps):
        part = max(step / plan.steps, (time.monotonic() - started) / limit)
        if part >= 1:
            return step
        loss = trainer.step(part)
        smooth = loss if step == 0 else 0.95 * smooth + 0.05 * loss
        if step % 50 == 0:
            print(f"step {step}/{plan.steps} loss {smooth:.3f} {time.monotonic() - started:.0f} s", flush=True)
    return plan.steps


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
        images, _ = batch_of([(np.asarray(photo / np.float32(255), np.float32), truth)], Preprocess())
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
