"""Train the click network on painted scenes and on photographs with free licences, and store its weights.

    python script/train_click_network.py ../shared/data --work /tmp/clicks --threads 1

`data` holds the folders `coco-panoptic-ccby`, `dsb2018-cc0` and `demo-photos`. What the bench clicks on is never seen:
neither the scenes of the demo (they have another seed) nor any photograph of `coco-instances-ccby`. Writes
`plugins/clicks/weights/click-net.safetensors` (float16) and, beside it, a JSON file with how it came to be. The same
seed, steps and threads give the same weights where `--minutes` did not end the schedule early; `--work` keeps scenes
and the state, from which a run goes on.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from segstudio.core.class_set import ClassSet  # noqa: E402
from segstudio.core.plugin_code import load_attribute  # noqa: E402
from segstudio.ops.image import read_image  # noqa: E402
from segstudio.workflows.toytown import paint_scene  # noqa: E402

PLUGIN = ROOT / "plugins" / "clicks"
WEIGHTS = PLUGIN / "weights" / "click-net.safetensors"
TOWN_SEED = 4711
"""Not that of the demo, whose scenes the bench clicks on."""
WEIGHTS_OF = {"painted": 0.42, "photographs": 0.24, "composites": 0.29, "nuclei": 0.05}
SAVED_EVERY_S = 150.0


def main() -> None:
    """Train, store, and say what was done."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--work", type=Path, required=True, help="keeps painted scenes and the state of the training")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=180.0, help="upper limit: the schedule is shortened to it")
    parser.add_argument("--batch", type=int, default=12)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--composites", type=int, default=600)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    cv2.setNumThreads(1)
    options.work.mkdir(parents=True, exist_ok=True)
    sources = gathered(options.data, options.work, options.scenes, options.composites, options.seed)
    steps, seconds = trained(sources, options)
    facts = {
        "steps": steps,
        "batch": options.batch,
        "seed": options.seed,
        "threads": options.threads,
        "seconds": seconds,
        "pictures": {name: len(pictures) for name, (_, pictures) in sources.items()},
        "torch": torch.__version__.split("+")[0],
    }
    print(json.dumps(stored(options.work / "state.pt", options.out, facts), indent=2))


def part(dotted: str) -> Any:
    """Something of the plugin: plugins are no packages that could be imported."""
    return load_attribute(PLUGIN, "clicks", dotted)


def gathered(data: Path, work: Path, scenes: int, composites: int, seed: int) -> dict[str, tuple[float, list[Any]]]:
    """Pictures of each kind, and how often each kind is looked at."""
    painted = [painted_scene(work / f"toy_{number:04d}.npz", number) for number in range(scenes)]
    photographs = [*panoptic(data / "coco-panoptic-ccby"), bird(data / "demo-photos" / "openimages-ccby")]
    plain = sorted((data / "demo-photos").glob("*/*.[jp][pn]g"))
    grounds = [one.image_hwc for one in photographs] + [read_image(path).image_hwc for path in plain]
    grounds = [np.ascontiguousarray(one[..., :3]) for one in grounds if one.ndim == 3 and min(one.shape[:2]) >= 128]
    chance = np.random.default_rng(seed)
    compose = part("lesson_pictures.composite")
    made = [compose(photographs, grounds, chance) for _ in range(composites)]
    kinds = {"painted": painted, "photographs": photographs, "composites": made, "nuclei": nuclei(data / "dsb2018-cc0")}
    return {name: (WEIGHTS_OF[name], pictures) for name, pictures in kinds.items()}


def painted_scene(kept: Path, number: int) -> Any:
    """A scene of another town than the demo's: its things, and the connected pieces of everything else."""
    if not kept.is_file():
        scene = paint_scene(TOWN_SEED, number, width=1024, height=512)
        np.savez(kept, image=scene.image_hwc, cls=scene.class_hw, inst=scene.instance_hw)
    arrays = np.load(kept)
    classes = arrays["cls"].astype(np.int32)
    instances = arrays["inst"].astype(np.int32)
    counted = np.isin(classes, list(ClassSet.load("toytown").index_of))
    stuff = part("lesson_pictures.connected")(np.where(counted & (instances == 0), classes, 0))
    regions = np.where(counted & (instances > 0), instances + int(stuff.max()), stuff)
    return part("lesson_pictures.Picture")(arrays["image"], regions.astype(np.int32))


def panoptic(folder: Path) -> list[Any]:
    """The photographs with their segments; those whose category is a thing may be cut out."""
    told = json.loads((folder / "panoptic.json").read_text(encoding="utf-8"))
    things = {one["id"] for one in told["categories"] if one["isthing"]}
    names = {one["id"]: one["file_name"] for one in told["images"]}
    found = []
    for one in told["annotations"]:
        coded = np.asarray(cv2.imread(str(folder / "panoptic" / one["file_name"])), np.int32)
        ids = coded[..., 2] + 256 * coded[..., 1] + 65536 * coded[..., 0]
        regions = np.zeros(ids.shape, np.int32)
        movable = []
        for number, segment in enumerate(one["segments_info"], start=1):
            if not segment["iscrowd"]:
                regions[ids == segment["id"]] = number
                if segment["category_id"] in things:
                    movable.append(number)
        image = read_image(folder / "images" / names[one["image_id"]]).image_hwc
        found.append(part("lesson_pictures.Picture")(colours(image), regions, tuple(movable)))
    return found


def nuclei(folder: Path) -> list[Any]:
    """Microscopy: many small things on one ground."""
    found = []
    for path in sorted((folder / "images").glob("*.png")):
        labels = cv2.imread(str(folder / "labels" / path.name), cv2.IMREAD_UNCHANGED)
        regions = np.asarray(labels, np.int32) + 1
        found.append(part("lesson_pictures.Picture")(colours(read_image(path).image_hwc), regions))
    return found


def bird(folder: Path) -> Any:
    """One photograph whose mask has the value 3 on a bird."""
    mask = np.asarray(cv2.imread(str(folder / "bird_segmentation_mask.bmp"), cv2.IMREAD_GRAYSCALE))
    image = colours(read_image(folder / "bird_segmentation.png").image_hwc)
    mask = np.asarray(cv2.resize(mask, image.shape[1::-1], interpolation=cv2.INTER_NEAREST))
    return part("lesson_pictures.Picture")(image, np.where(mask == 3, 2, 1).astype(np.int32), (2,))


def colours(image: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 `[H, W, 3]` of any picture of eight bits."""
    if image.ndim == 2:
        image = np.repeat(image[..., None], 3, axis=2)
    return np.ascontiguousarray(image[..., :3], np.uint8)


def trained(sources: dict[str, tuple[float, list[Any]]], options: argparse.Namespace) -> tuple[int, int]:
    """Train on from where the kept state is; steps and seconds, those of the runs before it counted in."""
    training = part("training.Training")(
        list(sources.values()), part("training.Plan")(options.steps, options.batch), seed=options.seed
    )
    kept, before = options.work / "state.pt", 0.0
    if kept.is_file():
        state = torch.load(kept, weights_only=True)
        before = float(state.pop("seconds"))
        training.restore(state)
    started = saved = time.monotonic()
    smooth = 0.0
    while training.step_number < options.steps:
        spent = (before + time.monotonic() - started) / (60 * options.minutes)
        loss = training.step(min(1.0, max(training.step_number / options.steps, spent)))
        smooth = loss if smooth == 0.0 else 0.98 * smooth + 0.02 * loss
        now = time.monotonic()
        if training.step_number % 50 == 0:
            print(f"step {training.step_number} loss {smooth:.3f} {before + now - started:.0f} s", flush=True)
        ends = training.step_number == options.steps or spent >= 1
        if ends or now - saved > SAVED_EVERY_S:
            saved = now
            state = {**training.state(), "seconds": before + now - started}
            torch.save(state, kept.with_suffix(".part"))
            kept.with_suffix(".part").replace(kept)
        if ends:
            break
    return training.step_number, round(before + time.monotonic() - started)


def stored(kept: Path, out: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """Store the mean of the late weights as float16, and tell of them beside."""
    weights = torch.load(kept, weights_only=True)["smooth"]
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: one.half().contiguous() for name, one in weights.items() if "num_batches" not in name}, out)
    # safetensors writes for the owner alone; what ships must be readable by everyone.
    out.chmod(0o644)
    report = {
        "name": out.stem,
        "bytes": out.stat().st_size,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "parameters": sum(one.numel() for name, one in weights.items() if "running" not in name and "num_" not in name),
        "training": facts,
    }
    out.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return report


if __name__ == "__main__":
    main()
