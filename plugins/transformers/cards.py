"""Cards of the networks that the library transformers has; the figures are those of the papers, at a single scale."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

from .costs import GMACS

_HUB = "https://huggingface.co/"
_BY_HAND = "The library's folder (config.json and model.safetensors) is read from this machine; no hub is asked."

_CITYSCAPES_SIZE = Preprocess(multiple=32)
_THINGS_OF_CITYSCAPES = tuple(range(11, 19))
"""The evaluation indices of the eight classes that Cityscapes tells apart as instances."""


def _stretched(side: int) -> Preprocess:
    return Preprocess(size_hw=(side, side), resize="stretch", multiple=32, antialias=True)


def _short(side: int, longest: int, multiple: int = 32) -> Preprocess:
    return Preprocess(size_hw=(side, longest), resize="short-up", multiple=multiple, antialias=True)


def _entry(
    repository: str,
    dataset: str,
    licence: str,
    *,
    miou: float | None = None,
    class_set: str | None = None,
    channels: tuple[int, ...] = (),
    preprocess: Preprocess | None = None,
) -> WeightsEntry:
    return WeightsEntry(
        repository.rpartition("/")[2],
        dataset,
        _HUB + repository,
        licence,
        miou=miou,
        class_set=class_set,
        channels=channels,
        preprocess=preprocess,
        folder=True,
    )


_COUNT_ALL = "The published count includes normalisations and enlargements, which ours leaves out."


def _cost(figure: float, size: str, note: str = "paper, there named FLOPs") -> Published:
    return Published(size, "GMACs", figure, note)


# ── SegFormer ────────────────────────────────────────────────────────────────────────────────────────────────────────

_SEGFORMER = (
    "Xie, Wang, Yu, Anandkumar, Alvarez, Luo: SegFormer: Simple and Efficient Design for Semantic Segmentation with "
    "Transformers, NeurIPS 2021, arXiv:2105.15203"
)
_NVIDIA = "NVIDIA Source Code License (non-commercial)"


def _segformer(size: str, ade: float, cityscapes: float, parameters: int, cost: float, side: int = 512) -> ModelCard:
    entry_ade = _entry(f"nvidia/segformer-{size}-finetuned-ade-{side}-{side}", "ADE20K", _NVIDIA, miou=ade)
    entry_cityscapes = _entry(
        f"nvidia/segformer-{size}-finetuned-cityscapes-1024-1024",
        "Cityscapes",
        _NVIDIA,
        miou=cityscapes,
        class_set="cityscapes",
        preprocess=_CITYSCAPES_SIZE,
    )
    return ModelCard(
        name=f"segformer-{size}",
        family="segformer",
        title=f"SegFormer-{size.upper()}",
        task="semantic",
        paper=_SEGFORMER,
        year=2021,
        licence=_NVIDIA,
        class_set="ade20k",
        preprocess=_stretched(side),
        input_size=(side, side),
        parameters=parameters,
        gmacs=GMACS.get(f"segformer-{size}"),
        published=(
            Published("ADE20K val", "mIoU", ade),
            Published("Cityscapes val", "mIoU", cityscapes),
            _cost(cost, f"{side}×{side}"),
        ),
        weights=(entry_ade, entry_cityscapes),
        requires=("transformers",),
        notes=(
            f"{_BY_HAND} The paper's figures for Cityscapes slide a window of 1024 pixels: choose tiles of 1024 to do "
            "the same."
        ),
    )


SEGFORMER_B0 = _segformer("b0", 37.4, 76.2, 3_752_694, 8.4)
SEGFORMER_B1 = _segformer("b1", 42.2, 78.5, 13_715_798, 15.9)
SEGFORMER_B2 = _segformer("b2", 46.5, 81.0, 27_461_974, 62.4)
SEGFORMER_B3 = _segformer("b3", 49.4, 81.7, 47_337_814, 79.0)
SEGFORMER_B4 = _segformer("b4", 50.3, 82.3, 64_108_374, 95.7)
SEGFORMER_B5 = _segformer("b5", 51.0, 82.4, 84_708_694, 183.3, side=640)

# ── UPerNet ──────────────────────────────────────────────────────────────────────────────────────────────────────────

_UPERNET = (
    "Xiao, Liu, Zhou, Jiang, Sun: Unified Perceptual Parsing for Scene Understanding, ECCV 2018, arXiv:1807.10221"
)
_SWIN = "Liu et al.: Swin Transformer, ICCV 2021, arXiv:2103.14030"
_CONVNEXT = "Liu et al.: A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545"
_OPENMMLAB = "MIT"


def _upernet(trunk: str, size: str, *, miou: float | None, parameters: int, cost: float, side: int = 512) -> ModelCard:
    repository = f"openmmlab/upernet-{trunk}-{size}"
    title, paper = {"swin": ("Swin", _SWIN), "convnext": ("ConvNeXt", _CONVNEXT)}[trunk]
    windows = (
        " Its windows are 12 cells wide, those of the published count 7." if repository.endswith("swin-base") else ""
    )
    return ModelCard(
        name=f"upernet-{trunk}-{size[0]}",
        family="upernet",
        title=f"UPerNet, {title}-{size[0].upper()}",
        task="semantic",
        paper=f"{_UPERNET}; {paper}",
        year=2021 if trunk == "swin" else 2022,
        licence=_OPENMMLAB,
        class_set="ade20k",
        preprocess=_stretched(side),
        input_size=(side, side),
        parameters=parameters,
        gmacs=GMACS.get(f"upernet-{trunk}-{size[0]}"),
        published=(
            *(() if miou is None else (Published("ADE20K val", "mIoU", miou),)),
            _cost(cost, f"{4 * side}×{side}", "the trunk's paper, four times the input here, there named FLOPs"),
        ),
        weights=(_entry(repository, "ADE20K", _OPENMMLAB, miou=miou),),
        requires=("transformers",),
        notes=f"{_BY_HAND} The auxiliary head, which only training uses, is left out.{windows}",
    )


UPERNET_SWIN_T = _upernet("swin", "tiny", miou=44.51, parameters=59_019_600, cost=945)
UPERNET_SWIN_S = _upernet("swin", "small", miou=47.64, parameters=80_337_504, cost=1038)
UPERNET_SWIN_B = _upernet("swin", "base", miou=None, parameters=120_198_414, cost=1188)
UPERNET_CONVNEXT_T = _upernet("convnext", "tiny", miou=46.0, parameters=59_318_838, cost=939)
UPERNET_CONVNEXT_S = _upernet("convnext", "small", miou=48.7, parameters=80_953_398, cost=1027)
UPERNET_CONVNEXT_B = _upernet("convnext", "base", miou=49.1, parameters=120_884_246, cost=1170)
UPERNET_CONVNEXT_L = _upernet("convnext", "large", miou=53.2, parameters=233_186_262, cost=2458, side=640)

# ── MaskFormer ───────────────────────────────────────────────────────────────────────────────────────────────────────

_MASKFORMER = (
    "Cheng, Schwing, Kirillov: Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021, "
    "arXiv:2107.06278"
)
_LONG = {"t": "tiny", "s": "small", "b": "base", "l": "large"}


def _maskformer(size: str, *, miou: float, parameters: int, cost: float) -> ModelCard:
    side = 640 if size in "bl" else 512
    return ModelCard(
        name=f"maskformer-swin-{size}",
        family="maskformer",
        title=f"MaskFormer, Swin-{size.upper()}",
        task="semantic",
        paper=_MASKFORMER,
        year=2021,
        licence="CC-BY-NC-4.0",
        class_set="ade20k",
        preprocess=_short(side, 4 * side),
        input_size=(side, side),
        parameters=parameters,
        gmacs=GMACS.get(f"maskformer-swin-{size}"),
        published=(Published("ADE20K val", "mIoU", miou), _cost(cost, f"{side}×{side}")),
        weights=(_entry(f"facebook/maskformer-swin-{_LONG[size]}-ade", "ADE20K", "CC-BY-NC-4.0", miou=miou),),
        requires=("transformers",),
        notes=f"{_BY_HAND} {_COUNT_ALL}",
    )


def _maskformer_panoptic(size: str, *, quality: float, parameters: int) -> ModelCard:
    return ModelCard(
        name=f"maskformer-swin-{size}-panoptic",
        family="maskformer",
        title=f"MaskFormer, Swin-{size.upper()}, panoptic",
        task="panoptic",
        paper=_MASKFORMER,
        year=2021,
        licence="CC-BY-NC-4.0",
        class_set="coco-panoptic",
        preprocess=_short(800, 1333),
        input_size=(800, 1344),
        parameters=parameters,
        gmacs=GMACS.get(f"maskformer-swin-{size}-panoptic"),
        published=(Published("COCO panoptic val2017", "PQ", quality),),
        weights=(_entry(f"facebook/maskformer-swin-{_LONG[size]}-coco", "COCO panoptic", "CC-BY-NC-4.0"),),
        requires=("transformers",),
        notes=_BY_HAND,
    )


MASKFORMER_SWIN_T = _maskformer("t", miou=46.7, parameters=41_758_545, cost=55)
MASKFORMER_SWIN_S = _maskformer("s", miou=49.8, parameters=63_076_449, cost=79)
MASKFORMER_SWIN_B = _maskformer("b", miou=52.7, parameters=101_831_439, cost=195)
MASKFORMER_SWIN_L = _maskformer("l", miou=54.1, parameters=211_578_699, cost=375)
MASKFORMER_SWIN_T_PANOPTIC = _maskformer_panoptic("t", quality=47.7, parameters=41_754_176)
MASKFORMER_SWIN_S_PANOPTIC = _maskformer_panoptic("s", quality=49.7, parameters=63_072_080)
MASKFORMER_SWIN_B_PANOPTIC = _maskformer_panoptic("b", quality=51.8, parameters=101_827_070)
MASKFORMER_SWIN_L_PANOPTIC = _maskformer_panoptic("l", quality=52.7, parameters=211_574_330)

# ── Mask2Former ──────────────────────────────────────────────────────────────────────────────────────────────────────

_MASK2FORMER = (
    "Cheng, Misra, Schwing, Kirillov, Girdhar: Masked-attention Mask Transformer for Universal Image Segmentation, "
    "CVPR 2022, arXiv:2112.01527"
)
_AT_INPUT_SIZE = (
    "Masks are enlarged to the input's size before they are weighed, as in the paper; the library's processor enlarges "
    "them to 384×384, which is the same for an input of that size."
)


def _mask2former(size: str, *, miou: float, parameters: int, cost: float) -> ModelCard:
    side, name = (640 if size in "bl" else 512), f"facebook/mask2former-swin-{_LONG[size]}"
    in_cityscapes = name if size != "b" else f"{name}-IN21k"
    entry_cityscapes = _entry(
        f"{in_cityscapes}-cityscapes-semantic",
        "Cityscapes",
        "MIT",
        class_set="cityscapes",
        preprocess=_short(1024, 2048),
    )
    return ModelCard(
        name=f"mask2former-swin-{size}",
        family="mask2former",
        title=f"Mask2Former, Swin-{size.upper()}",
        task="semantic",
        paper=_MASK2FORMER,
        year=2022,
        licence="MIT",
        class_set="ade20k",
        preprocess=_short(side, 4 * side),
        input_size=(side, side),
        parameters=parameters,
        gmacs=GMACS.get(f"mask2former-swin-{size}"),
        published=(Published("ADE20K val", "mIoU", miou), _cost(cost, f"{side}×{side}")),
        weights=(_entry(f"{name}-ade-semantic", "ADE20K", "MIT", miou=miou), entry_cityscapes),
        requires=("transformers",),
        notes=f"{_BY_HAND} {_AT_INPUT_SIZE} {_COUNT_ALL}",
    )


def _mask2former_objects(size: str, task: str, *, figure: float, parameters: int) -> ModelCard:
    name, panoptic = f"facebook/mask2former-swin-{_LONG[size]}", task == "panoptic"
    weights = [_entry(f"{name}-coco-{task}", "COCO panoptic" if panoptic else "COCO", "MIT")]
    if size != "b":
        weights.append(
            _entry(
                f"{name}-cityscapes-{task}",
                "Cityscapes",
                "MIT",
                class_set="cityscapes",
                channels=() if panoptic else _THINGS_OF_CITYSCAPES,
                preprocess=_short(1024, 2048),
            )
        )
    return ModelCard(
        name=f"mask2former-swin-{size}-{task}",
        family="mask2former",
        title=f"Mask2Former, Swin-{size.upper()}, {task}",
        task="panoptic" if panoptic else "instance",
        paper=_MASK2FORMER,
        year=2022,
        licence="MIT",
        class_set="coco-panoptic" if panoptic else "coco",
        preprocess=_short(800, 1333),
        input_size=(800, 1344),
        parameters=parameters,
        gmacs=GMACS.get(f"mask2former-swin-{size}-{task}"),
        published=(
            Published("COCO panoptic val2017", "PQ", figure) if panoptic else Published("COCO val2017", "AP", figure),
        ),
        weights=tuple(weights),
        requires=("transformers",),
        notes=f"{_BY_HAND} {_AT_INPUT_SIZE}",
    )


MASK2FORMER_SWIN_T = _mask2former("t", miou=47.7, parameters=47_441_169, cost=74)
MASK2FORMER_SWIN_S = _mask2former("s", miou=51.3, parameters=68_759_073, cost=98)
MASK2FORMER_SWIN_B = _mask2former("b", miou=52.4, parameters=106_924_239, cost=223)
MASK2FORMER_SWIN_L = _mask2former("l", miou=56.1, parameters=215_491_851, cost=403)
MASK2FORMER_SWIN_T_INSTANCE = _mask2former_objects("t", "instance", figure=45.0, parameters=47_423_179)
MASK2FORMER_SWIN_S_INSTANCE = _mask2former_objects("s", "instance", figure=46.3, parameters=68_741_083)
MASK2FORMER_SWIN_B_INSTANCE = _mask2former_objects("b", "instance", figure=46.7, parameters=106_906_249)
MASK2FORMER_SWIN_L_INSTANCE = _mask2former_objects("l", "instance", figure=50.1, parameters=215_525_061)
MASK2FORMER_SWIN_T_PANOPTIC = _mask2former_objects("t", "panoptic", figure=53.2, parameters=47_436_800)
MASK2FORMER_SWIN_S_PANOPTIC = _mask2former_objects("s", "panoptic", figure=54.6, parameters=68_754_704)
MASK2FORMER_SWIN_B_PANOPTIC = _mask2former_objects("b", "panoptic", figure=55.1, parameters=106_919_870)
MASK2FORMER_SWIN_L_PANOPTIC = _mask2former_objects("l", "panoptic", figure=57.8, parameters=215_538_682)

# ── OneFormer ────────────────────────────────────────────────────────────────────────────────────────────────────────

_ONEFORMER = (
    "Jain, Li, Chiu, Hassani, Orlov, Shi: OneFormer: One Transformer to Rule Universal Image Segmentation, CVPR 2023, "
    "arXiv:2211.06220"
)
_COCO = _entry("shi-labs/oneformer_coco_swin_large", "COCO panoptic", "MIT")


_BACKGROUND = 255
_THINGS_ONLY = {
    "coco-panoptic": (*range(80), *(_BACKGROUND,) * 53),
    "cityscapes": (*(_BACKGROUND,) * 11, *_THINGS_OF_CITYSCAPES),
}
"""The channels of a network that answers for every class, where only things become objects."""


def _of_cityscapes(miou: float | None = None, channels: tuple[int, ...] = ()) -> WeightsEntry:
    return _entry(
        "shi-labs/oneformer_cityscapes_swin_large",
        "Cityscapes",
        "MIT",
        miou=miou,
        class_set="cityscapes",
        channels=channels,
        preprocess=_short(1024, 2048, 1),
    )


ONEFORMER_SWIN_L = ModelCard(
    name="oneformer-swin-l",
    family="oneformer",
    title="OneFormer, Swin-L",
    task="semantic",
    paper=_ONEFORMER,
    year=2023,
    licence="MIT",
    class_set="ade20k",
    preprocess=_short(640, 2560, 1),
    input_size=(640, 640),
    parameters=218_814_220,
    gmacs=GMACS.get("oneformer-swin-l"),
    published=(Published("ADE20K val", "mIoU", 57.0), Published("Cityscapes val", "mIoU", 83.0)),
    weights=(
        _entry("shi-labs/oneformer_ade20k_swin_large", "ADE20K", "MIT", miou=57.0),
        _of_cityscapes(83.0),
    ),
    requires=("transformers",),
    notes=f"{_BY_HAND} The text encoder, which only training uses, is left out.",
)


def _oneformer_objects(task: str, published: tuple[Published, ...], parameters: int) -> ModelCard:
    channels = _THINGS_ONLY if task == "instance" else {}
    return ModelCard(
        name=f"oneformer-swin-l-{task}",
        family="oneformer",
        title=f"OneFormer, Swin-L, {task}",
        task="panoptic" if task == "panoptic" else "instance",
        paper=_ONEFORMER,
        year=2023,
        licence="MIT",
        class_set="coco-panoptic",
        preprocess=_short(800, 1333, 1),
        input_size=(800, 1333),
        parameters=parameters,
        gmacs=GMACS.get(f"oneformer-swin-l-{task}"),
        channels=channels.get("coco-panoptic", ()),
        published=published,
        weights=(_COCO, _of_cityscapes(channels=channels.get("cityscapes", ()))),
        requires=("transformers",),
        notes=f"{_BY_HAND} The same weights serve every task: the network is told the task as a text.",
    )


ONEFORMER_SWIN_L_INSTANCE = _oneformer_objects(
    "instance", (Published("COCO val2017", "AP", 49.0), Published("Cityscapes val", "AP", 45.6)), 218_784_251
)
ONEFORMER_SWIN_L_PANOPTIC = _oneformer_objects(
    "panoptic", (Published("COCO panoptic val2017", "PQ", 57.9), Published("Cityscapes val", "PQ", 67.2)), 218_784_251
)
