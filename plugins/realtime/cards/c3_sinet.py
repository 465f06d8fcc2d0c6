"""The cards of C3Net and SINet; weights and input conventions as published in clovaai/c3_sinet."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry, with_background

_HOME = "https://github.com/clovaai/c3_sinet/raw/dd916387d759b792e0b371a395f8f82ac49731dc/result/"

_PAPER = (
    "Park, Yoo, Seo, Han, Yun, Kwak: C3: Concentrated-Comprehensive Convolution and its Application to Semantic "
    "Segmentation, 2018, arXiv:1812.04920"
)
_INPUT = Preprocess(
    mean=(72.3923111, 82.90893555, 73.15840149),
    std=(45.3192215, 46.15289307, 44.91483307),
    order="bgr",
    scale=1 / 255,
    scale_last=True,
    size_hw=(512, 1024),
    resize="stretch",
    multiple=8,
)

C3NET = ModelCard(
    name="c3net",
    family="c3net",
    title="C3Net [2, 3, 7, 13]",
    task="semantic",
    paper=_PAPER,
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=_INPUT,
    input_size=(512, 1024),
    parameters=191_614,
    gmacs=3.051,
    published=(
        Published("Cityscapes val", "mIoU", 66.87),
        Published("Cityscapes test", "mIoU", 64.78),
        Published("Cityscapes", "million parameters", 0.19),
        Published("Cityscapes", "GMACs", 3.15, "1024×512, the reference calls them FLOPs"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            _HOME + "C3Net/C3Net_setting2.pth",
            "MIT",
            miou=66.87,
            sha256="4f80e0f059e8ca77d0d1029fc66d7f0143ab03e950c2a5550d879cda8cd965a3",
            size=977_683,
        ),
    ),
    notes=(
        "The last output is background. Pixels are normalised in BGR and divided by 255 afterwards. Our count of "
        "multiply-accumulates is 3 % below the published one, which also counts normalisation and activations."
    ),
)

C3NET_V2 = ModelCard(
    name="c3net-v2",
    family="c3net",
    title="C3NetV2 [2, 4, 8, 16]",
    task="semantic",
    paper=_PAPER,
    year=2018,
    licence="MIT",
    class_set="cityscapes",
    channels=with_background(19),
    preprocess=_INPUT,
    input_size=(512, 1024),
    parameters=187_378,
    gmacs=2.292,
    published=(
        Published("Cityscapes val", "mIoU", 66.28),
        Published("Cityscapes test", "mIoU", 65.48),
        Published("Cityscapes", "million parameters", 0.18),
        Published("Cityscapes", "GMACs", 2.66, "1024×512, the reference calls them FLOPs"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            _HOME + "C3NetV2/C3NetV2_setting1.pth",
            "MIT",
            miou=66.28,
            sha256="45e2aeeb4ae513746a98a9dd4e59bcf578a614baa9a9e2a97ef6bc9927d235c6",
            size=946_877,
        ),
    ),
    notes=(
        "The trunk of C3Net with bilinear enlarging in the decoder. The last output is background. The published cost "
        "also counts normalisation, activations and enlarging."
    ),
)

SINET = ModelCard(
    name="sinet",
    family="sinet",
    title="SINet",
    task="semantic",
    paper=(
        "Park, Sjösund, Yoo, Monet, Bang, Kwak: SINet: Extreme Lightweight Portrait Segmentation Networks with Spatial "
        "Squeeze Modules and Information Blocking Decoder, WACV 2020, arXiv:1911.09099"
    ),
    year=2020,
    licence="MIT",
    class_set="cityscapes",
    preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=128),
    input_size=(1024, 2048),
    parameters=119_418,
    gmacs=1.389,
    published=(
        Published("Cityscapes val", "mIoU", 68.22),
        Published("Cityscapes test", "mIoU", 66.46),
        Published("Cityscapes", "million parameters", 0.12),
        Published("Cityscapes", "GMACs", 1.22, "2048×1024, the reference calls them FLOPs"),
    ),
    weights=(
        WeightsEntry(
            "cityscapes",
            "Cityscapes",
            _HOME + "SINet/SINet.pth",
            "MIT",
            miou=68.22,
            sha256="aecc10ab0d8d7b0c3dd86569fc3a3b91b3bd72ca485f96319afb3ef591558dcc",
            size=631_433,
        ),
    ),
    notes=(
        "The variant for street scenes; the authors' portrait network of the same name is another one. Our count of "
        "multiply-accumulates includes the transposed convolution at the end, the published one does not."
    ),
)
