"""Draw how good a few labelled images make a model: mean IoU on the demo's validation images against their number.

    python script/learning_curve.py --data /tmp/toytown --seeds 3 --steps 80

Compares a forest over superpixels, a light network from scratch, and the same network that was trained before on other
images of which only the seven categories of Cityscapes were told. No published weights are used. Writes
the table into docs/learning.md, between its two marks, and the drawing to docs/images/learning-curve.png. Every seed
takes other images; the steps are counted, not timed, so that the same call gives the same numbers on any machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from segstudio import formats  # noqa: E402
from segstudio.core.class_set import IGNORED, ClassSet  # noqa: E402
from segstudio.metrics import ConfusionMatrix  # noqa: E402
from segstudio.models.own_classes import in_classes  # noqa: E402
from segstudio.models.registry import default_registry  # noqa: E402
from segstudio.models.torch_backend.device import choose_device  # noqa: E402
from segstudio.models.torch_backend.learning.crops import Recipe, Samples  # noqa: E402
from segstudio.models.torch_backend.learning.start import take_over, untrained  # noqa: E402
from segstudio.models.torch_backend.learning.trainer import Trainer, limit_threads  # noqa: E402
from segstudio.models.torch_backend.predictor import Predictor  # noqa: E402
from segstudio.workflows.forest import Forest  # noqa: E402
from segstudio.workflows.forest_session import Patches, thinned  # noqa: E402
from segstudio.workflows.learning.data import LabelledImages  # noqa: E402
from segstudio.workflows.learning.round import FULL_RATE  # noqa: E402
from segstudio.workflows.toytown.dataset import generate  # noqa: E402

MODEL = "toytown-unet"
ELSEWHERE = 40
"""So many images of the training split only ever teach categories, and are never drawn as labelled ones."""
PATCHES_PER_IMAGE = 1500
DOCS = ROOT / "docs"
BEGIN, END = "<!-- curve -->", "<!-- end of curve -->"
COLORS = {"forest": (60, 140, 60), "scratch": (190, 110, 30), "pretrained": (40, 60, 200)}

Labels = NDArray[Any]
Answer = Callable[[NDArray[np.uint8]], Labels]
"""From an image to evaluation indices of the demo's classes."""


def main() -> None:
    """Run every variant, count and seed, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="where the demo's data set lies or shall be painted")
    parser.add_argument("--counts", type=int, nargs="+", default=[2, 5, 10, 20])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=80)
    parser.add_argument("--pretraining", type=int, default=200, help="steps on other images, labelled by category")
    parser.add_argument("--crop", type=int, default=256, help="height of the crops that are trained on")
    parser.add_argument("--val", type=int, default=24, help="how many validation images are measured on")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    limit_threads(options.threads)
    generate(options.data)
    dataset = formats.read(options.data)
    items, classes = [item for item in dataset.images if item.split == "train"], dataset.class_set
    elsewhere, pool = LabelledImages(items[:ELSEWHERE], classes), LabelledImages(items[ELSEWHERE:], classes)
    val = LabelledImages([i for i in dataset.images if i.split == "val"][: options.val], classes)
    found: dict[str, dict[int, list[float]]] = {name: {count: [] for count in options.counts} for name in COLORS}
    began = time.monotonic()
    crop_hw = (options.crop, options.crop * 7 // 4)
    coarse, categories = by_category(elsewhere, classes)
    known = trained(coarse, categories, options.pretraining, seed=0, crop_hw=crop_hw)
    print(f"{time.monotonic() - began:5.0f} s  pre-trained", flush=True)
    for seed in range(options.seeds):
        order = np.random.default_rng(seed).permutation(len(pool))
        for count in options.counts:
            chosen = [pool[int(number)] for number in order[:count]]
            for name in COLORS:
                if name == "forest":
                    answer = forest_answer(chosen, seed)
                else:
                    start = known if name == "pretrained" else None
                    network = trained(chosen, classes, options.steps, known=start, seed=seed, crop_hw=crop_hw)
                    answer = answer_of(network, classes)
                found[name][count].append(mean_iou(answer, val, classes))
                seconds = time.monotonic() - began
                print(f"{seconds:5.0f} s  {name} {count} images, seed {seed}: {found[name][count][-1]:.4f}", flush=True)
    write(found, options, round(time.monotonic() - began))


def trained(
    pairs: Samples,
    classes: ClassSet,
    steps: int,
    *,
    known: nn.Module | None = None,
    seed: int,
    crop_hw: tuple[int, int],
) -> nn.Module:
    """The network after some steps, from scratch or with what another knows in all but its outputs."""
    registry, outputs = default_registry(), classes.num_classes
    network = untrained(registry, MODEL, outputs, seed=seed)
    if known is not None:
        take_over(registry, MODEL, known, {}, network, outputs)
    recipe = Recipe(peak_rate=FULL_RATE, sought=0.5, warm_up=20, crop_hw=crop_hw)
    preprocess = registry.card(MODEL).preprocess
    trainer = Trainer(network, pairs, recipe, classes=outputs, ignored=IGNORED, preprocess=preprocess, seed=seed)
    for step in range(steps):
        trainer.step(step / steps)
    return network


def answer_of(network: nn.Module, classes: ClassSet) -> Answer:
    """What the network says about whole images."""
    card = in_classes(default_registry().card(MODEL), classes)
    predictor = Predictor(card, network, choice=choose_device("cpu"))

    def answer(photo: NDArray[np.uint8]) -> Labels:
        labels_hw = predictor.predict(photo).labels_hw
        assert labels_hw is not None
        return labels_hw

    return answer


def by_category(pairs: Samples, classes: ClassSet) -> tuple[list[tuple[NDArray[np.uint8], Labels]], ClassSet]:
    """The same images, of which only the categories of the classes are known, and the set of those."""
    names = list(dict.fromkeys(one.category for one in classes.evaluated))
    lut = np.full(256, IGNORED, np.uint8)
    for index, one in enumerate(classes.evaluated):
        lut[index] = names.index(one.category)
    return [(photo, lut[labels]) for photo, labels in (pairs[i] for i in range(len(pairs)))], ClassSet.of_names(names)


def forest_answer(pairs: Sequence[tuple[NDArray[np.uint8], Labels]], seed: int) -> Answer:
    """A forest over superpixels of all the images, each patch by the class of most of its pixels."""
    features, labels = [], []
    for photo, truth in pairs:
        patches = Patches(photo)
        places, values = patches.painted(patches.seen(np.where(truth == IGNORED, -1, truth).astype(np.int32)))
        kept = thinned(values, PATCHES_PER_IMAGE, seed=seed)
        features.append(patches.features[places[kept]])
        labels.append(values[kept])
    forest = Forest.fit(np.concatenate(features), np.concatenate(labels), seed=seed)

    def answer(photo: NDArray[np.uint8]) -> Labels:
        patches = Patches(photo)
        winners = forest.class_ids[forest.predict(patches.features).argmax(axis=1)]
        result: Labels = patches.on_picture(winners[patches.cells_hw].astype(np.uint8))
        return result

    return answer


def mean_iou(answer: Answer, val: LabelledImages, classes: ClassSet) -> float:
    """Over whole images together."""
    matrix = ConfusionMatrix(classes.num_classes, classes.ignored_index)
    for number in range(len(val)):
        photo, truth = val[number]
        matrix.add(truth, answer(photo))
    return float(matrix.mean_iou())


def write(found: dict[str, dict[int, list[float]]], options: argparse.Namespace, seconds: int) -> None:
    """The table in docs/learning.md, the drawing, and the raw numbers beside it."""
    counts = options.counts
    lines = ["| labelled images | " + " | ".join(found) + " |", "|" + "---|" * (len(found) + 1)]
    for count in counts:
        cells = [
            f"{100 * np.mean(rows[count]):.1f} ± {100 * np.std(rows[count], ddof=1):.1f}" for rows in found.values()
        ]
        lines.append(f"| {count} | " + " | ".join(cells) + " |")
    call = (
        f"Mean IoU in percent on {options.val} validation images at 1024×512, mean ± standard deviation over"
        f" {options.seeds} seeds (other images and other dice). Networks: {MODEL}, {options.steps} steps of"
        f" {Recipe().batch} crops of {options.crop * 7 // 4}×{options.crop}; pretrained: {options.pretraining} steps"
        f" before on {ELSEWHERE} other images. {options.threads} thread; {seconds} s of wall clock for everything, on a"
        " machine that others used."
    )
    page = (DOCS / "learning.md").read_text(encoding="utf-8")
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    page = "\n".join([head + BEGIN, *lines, "", call, END + tail])
    (DOCS / "learning.md").write_text(page, encoding="utf-8")
    (DOCS / "images" / "learning-curve.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    cv2.imwrite(str(DOCS / "images" / "learning-curve.png"), drawing(found, counts))


def drawing(found: dict[str, dict[int, list[float]]], counts: Sequence[int]) -> NDArray[np.uint8]:
    """The curves with bars of one standard deviation, BGR."""
    height, width, left, below = 400, 640, 60, 50
    picture = np.full((height, width, 3), 255, np.uint8)
    top = 100 * max(max(values) for rows in found.values() for values in rows.values()) * 1.1

    def place(count: int, value: float) -> tuple[int, int]:
        part = (np.log(count) - np.log(counts[0])) / (np.log(counts[-1]) - np.log(counts[0]))
        return left + 20 + round(part * (width - left - 60)), round(
            (height - below) - value / top * (height - below - 20)
        )

    def say(text: str, x: int, y: int, color: tuple[int, int, int] = (90, 90, 90)) -> None:
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, color, 1, cv2.LINE_AA)

    for value in range(0, int(top) + 1, 10):
        y = place(counts[0], value)[1]
        cv2.line(picture, (left, y), (width - 20, y), (225, 225, 225), 1)
        say(f"{value}", left - 30, y + 5)
    for count in counts:
        say(f"{count}", place(count, 0)[0] - 8, height - below + 20)
    say("labelled images", width // 2 - 50, height - 8)
    say("mIoU, %", 4, 14)
    for row, (name, by_count) in enumerate(found.items()):
        color = COLORS[name]
        means = [place(count, 100 * float(np.mean(by_count[count]))) for count in counts]
        cv2.polylines(picture, [np.array(means, np.int32)], False, color, 2, cv2.LINE_AA)
        for count, (x, y) in zip(counts, means, strict=True):
            spread = 100 * float(np.std(by_count[count], ddof=1))
            reach = y - place(count, 100 * float(np.mean(by_count[count])) + spread)[1]
            cv2.line(picture, (x, y - reach), (x, y + reach), color, 1, cv2.LINE_AA)
            cv2.circle(picture, (x, y), 4, color, -1, cv2.LINE_AA)
        say(name, left + 20, 34 + 18 * row, color)
    return picture


if __name__ == "__main__":
    main()
