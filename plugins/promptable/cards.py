"""Cards of the promptable segmenters; figures of parameters are those of the papers."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, ModelCard, WeightsEntry

_HUB = "https://huggingface.co/"
_APACHE = "Apache-2.0"
_THING = ClassSet.of_names(["thing"], name="anything")
_BY_HAND = "The library's folder (config.json and model.safetensors) is read from this machine; no hub is asked."
_PAIR = (
    "An encoder and a decoder as ONNX files with a segmenter.toml beside them that names both and their SHA-256. The "
    "exporter samexporter (MIT) makes such pairs."
)

_SAM = "Kirillov, Mintun, Ravi, Mao, Rolland, Gustafson et al.: Segment Anything, ICCV 2023, arXiv:2304.02643"
_SAM_HQ = "Ke, Ye, Danelljan, Liu, Tai, Tang, Yu: Segment Anything in High Quality, NeurIPS 2023, arXiv:2306.01567"
_SAM2 = "Ravi, Gabeur, Hu, Hu, Ryali, Ma et al.: SAM 2: Segment Anything in Images and Videos, 2024, arXiv:2408.00714"
_SAM3 = "Carion, Gustafson, Hu, Debnath, Hu et al.: SAM 3: Segment Anything with Concepts, 2025, arXiv:2511.16719"
_EDGETAM = (
    "Zhou, Zhu, Cai, Chen, Chen, Yuan et al.: EdgeTAM: On-Device Track Anything Model, CVPR 2025, arXiv:2501.07256"
)
_MOBILE = "Zhang, Han, Qiao, Kim, Bae, Lee, Hong: Faster Segment Anything (MobileSAM), 2023, arXiv:2306.14289"
_EFFICIENT = "Xiong, Varadarajan, Wu, Xiang, Xiao et al.: EfficientSAM, CVPR 2024, arXiv:2312.00863"


def _card(
    name: str,
    title: str,
    paper: str,
    year: int,
    source: str,
    *,
    parameters: int | None = None,
    licence: str = _APACHE,
    side: int = 1024,
    pair: bool = False,
    precedence: int,
    notes: str = "",
) -> ModelCard:
    entry = WeightsEntry(source.rpartition("/")[2], "SA-1B", source, licence, folder=True)
    return ModelCard(
        name=name,
        family="promptable",
        title=title,
        task="promptable",
        paper=paper,
        year=year,
        licence=licence,
        class_set=_THING,
        input_size=(side, side),
        parameters=parameters,
        weights=(entry,),
        requires=("onnx",) if pair else ("transformers",),
        precedence=precedence,
        notes=f"{notes} {_PAIR if pair else _BY_HAND}".strip(),
    )


SAM_B = _card(
    "sam-vit-b", "SAM ViT-B", _SAM, 2023, f"{_HUB}facebook/sam-vit-base", parameters=93_735_472, precedence=56
)
SAM_L = _card(
    "sam-vit-l", "SAM ViT-L", _SAM, 2023, f"{_HUB}facebook/sam-vit-large", parameters=312_342_832, precedence=58
)
SAM_H = _card(
    "sam-vit-h", "SAM ViT-H", _SAM, 2023, f"{_HUB}facebook/sam-vit-huge", parameters=641_090_864, precedence=60
)
SAM_HQ_B = _card("sam-hq-vit-b", "SAM-HQ ViT-B", _SAM_HQ, 2023, f"{_HUB}syscv-community/sam-hq-vit-base", precedence=66)
SAM_HQ_L = _card(
    "sam-hq-vit-l", "SAM-HQ ViT-L", _SAM_HQ, 2023, f"{_HUB}syscv-community/sam-hq-vit-large", precedence=68
)
SAM2_T = _card(
    "sam2.1-hiera-t",
    "SAM 2.1 tiny",
    _SAM2,
    2024,
    f"{_HUB}facebook/sam2.1-hiera-tiny",
    parameters=38_900_000,
    precedence=72,
)
SAM2_S = _card(
    "sam2.1-hiera-s",
    "SAM 2.1 small",
    _SAM2,
    2024,
    f"{_HUB}facebook/sam2.1-hiera-small",
    parameters=46_000_000,
    precedence=74,
)
SAM2_B = _card(
    "sam2.1-hiera-b-plus",
    "SAM 2.1 base+",
    _SAM2,
    2024,
    f"{_HUB}facebook/sam2.1-hiera-base-plus",
    parameters=80_800_000,
    precedence=76,
)
SAM2_L = _card(
    "sam2.1-hiera-l",
    "SAM 2.1 large",
    _SAM2,
    2024,
    f"{_HUB}facebook/sam2.1-hiera-large",
    parameters=224_400_000,
    precedence=78,
)
EDGETAM = _card("edgetam", "EdgeTAM", _EDGETAM, 2025, f"{_HUB}yonigozlan/EdgeTAM-hf", precedence=50)
SAM3 = _card(
    "sam3",
    "SAM 3",
    _SAM3,
    2025,
    f"{_HUB}facebook/sam3",
    parameters=848_000_000,
    licence="SAM License (no military use; gated)",
    side=1008,
    notes="Takes words: every thing that a short text names.",
    precedence=84,
)
SAM3_TRACKER = _card(
    "sam3-tracker",
    "SAM 3, points only",
    _SAM3,
    2025,
    f"{_HUB}facebook/sam3",
    licence="SAM License (no military use; gated)",
    side=1008,
    notes="The part of SAM 3 that takes points and boxes.",
    precedence=82,
)
MOBILE_SAM = _card(
    "mobile-sam",
    "MobileSAM",
    _MOBILE,
    2023,
    "https://github.com/ChaoningZhang/MobileSAM",
    parameters=10_130_092,
    pair=True,
    precedence=40,
)
EFFICIENT_SAM = _card(
    "efficient-sam",
    "EfficientSAM",
    _EFFICIENT,
    2024,
    "https://github.com/yformer/EfficientSAM",
    pair=True,
    precedence=44,
)
ONNX_PAIR = _card(
    "onnx-pair",
    "ONNX pair",
    "",
    2023,
    "https://github.com/vietanhdev/samexporter",
    licence="that of the files",
    pair=True,
    precedence=30,
)
ORACLE = ModelCard(
    name="oracle",
    family="promptable",
    title="Oracle",
    task="promptable",
    paper="",
    year=2026,
    licence="",
    class_set=_THING,
    input_size=(1024, 1024),
    runs_without_weights=True,
    precedence=-1,
    notes="Answers from the ground truth of the image: to practise, and to measure everything but a network.",
)
RANDOM = ModelCard(
    name="random-weights",
    family="promptable",
    title="Random weights",
    task="promptable",
    paper=_SAM,
    year=2023,
    licence="",
    class_set=_THING,
    input_size=(256, 256),
    requires=("transformers",),
    runs_without_weights=True,
    precedence=-1,
    notes="Segment Anything's architecture, tiny, with random weights. Its masks mean nothing: for tests.",
)
