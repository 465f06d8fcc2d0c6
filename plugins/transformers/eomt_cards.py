"""Cards of EoMT; the figures are those of the authors' tue-mps/eomt (model_zoo/dinov2.md)."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

from .costs import GMACS

_PAPER = (
    "Kerssies, Cavagnero, Hermans, Norouzi, Averta, Leibe, Dubbelman, de Geus: Your ViT is Secretly an Image "
    "Segmentation Model, CVPR 2025, arXiv:2503.19108"
)
_HUB = "https://huggingface.co/tue-mps/"
_BY_HAND = "The library's folder (config.json and model.safetensors) is read from this machine; no hub is asked."
_UNIT = (0.0, 0.0, 0.0)
_ONE = (1.0, 1.0, 1.0)


def _short(side: int) -> Preprocess:
    """The short side becomes `side`; the network normalises by itself, and covers the long one with windows."""
    return Preprocess(mean=_UNIT, std=_ONE, size_hw=(side, 8 * side), resize="short", antialias=True)


def _fitted(side: int) -> Preprocess:
    """The image fits into a square of `side`, black below or on the right."""
    return Preprocess(mean=_UNIT, std=_ONE, size_hw=(side, side), resize="short", multiple=side, antialias=True)


def _entry(
    name: str, dataset: str, preprocess: Preprocess, *, miou: float | None = None, class_set: str | None = None
) -> WeightsEntry:
    return WeightsEntry(
        name, dataset, _HUB + name, "MIT", miou=miou, class_set=class_set, preprocess=preprocess, folder=True
    )


EOMT_L = ModelCard(
    name="eomt-l",
    family="eomt",
    title="EoMT, ViT-L",
    task="semantic",
    paper=_PAPER,
    year=2025,
    licence="MIT",
    class_set="ade20k",
    preprocess=_short(512),
    input_size=(512, 512),
    parameters=316_020_887,
    gmacs=GMACS.get("eomt-l"),
    published=(
        Published("ADE20K val", "mIoU", 58.4, "512×512"),
        Published("Cityscapes val", "mIoU", 84.2, "1024×1024"),
        Published("512×512", "FPS", 92, "H100, compiled"),
    ),
    weights=(
        _entry("ade20k_semantic_eomt_large_512", "ADE20K", _short(512), miou=58.4),
        _entry("cityscapes_semantic_eomt_large_1024", "Cityscapes", _short(1024), miou=84.2, class_set="cityscapes"),
    ),
    requires=("transformers",),
    notes=f"{_BY_HAND} Covers the long side of an image with as few overlapping squares as do, and averages them.",
)


def _objects(
    size: str, task: str, parameters: int, *, published: tuple[Published, ...], weights: tuple[WeightsEntry, ...]
) -> ModelCard:
    panoptic = task == "panoptic"
    return ModelCard(
        name=f"eomt-{size}-{task}",
        family="eomt",
        title=f"EoMT, ViT-{size.upper()}, {task}",
        task="panoptic" if panoptic else "instance",
        paper=_PAPER,
        year=2025,
        licence="MIT",
        class_set="coco-panoptic" if panoptic else "coco",
        preprocess=_fitted(640),
        input_size=(640, 640),
        parameters=parameters,
        gmacs=GMACS.get(f"eomt-{size}-{task}"),
        published=published,
        weights=weights,
        requires=("transformers",),
        notes=_BY_HAND,
    )


def _pq(figure: float, side: int, fps: int) -> tuple[Published, ...]:
    return (
        Published("COCO panoptic val2017", "PQ", figure, f"{side}×{side}"),
        Published(f"{side}×{side}", "FPS", fps, "H100, compiled"),
    )


EOMT_S_PANOPTIC = _objects(
    "s",
    "panoptic",
    23_975_942,
    published=_pq(46.7, 640, 330),
    weights=(_entry("coco_panoptic_eomt_small_640_2x", "COCO panoptic", _fitted(640)),),
)
EOMT_B_PANOPTIC = _objects(
    "b",
    "panoptic",
    93_663_110,
    published=_pq(51.6, 640, 261),
    weights=(_entry("coco_panoptic_eomt_base_640_2x", "COCO panoptic", _fitted(640)),),
)
EOMT_L_PANOPTIC = _objects(
    "l",
    "panoptic",
    316_695_686,
    published=(
        *_pq(56.0, 640, 128),
        *_pq(58.3, 1280, 30),
        Published("640×640", "GMACs", 669.0, "paper, there named FLOPs"),
    ),
    weights=(
        _entry("coco_panoptic_eomt_large_640", "COCO panoptic", _fitted(640)),
        _entry("coco_panoptic_eomt_large_1280", "COCO panoptic", _fitted(1280)),
    ),
)
EOMT_L_INSTANCE = _objects(
    "l",
    "instance",
    316_641_361,
    published=(
        Published("COCO val2017", "AP", 45.2, "640×640"),
        Published("COCO val2017", "AP", 48.8, "1280×1280"),
    ),
    weights=(
        _entry("coco_instance_eomt_large_640", "COCO", _fitted(640)),
        _entry("coco_instance_eomt_large_1280", "COCO", _fitted(1280)),
    ),
)
