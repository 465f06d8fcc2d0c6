"""The cards of networks as zh320 wrote and trained them: one input convention, Cityscapes at full resolution."""

from __future__ import annotations

from segstudio.plugins.api import ModelCard, Preprocess, Published, WeightsEntry

_HOME = "https://github.com/zh320/realtime-semantic-segmentation-pytorch/raw/1a32d68ec9a02b244d158d0512f93c6e45fe86b9/weights/"
_TRAINED = "zh320's weights, 2048×1024"


def _weights(file: str, miou: float, *, sha256: str = "", size: int = 0) -> tuple[WeightsEntry, ...]:
    source = f"{_HOME}{file}_crop-1024_800epoch.pth"
    return (WeightsEntry("cityscapes-zh320", "Cityscapes", source, "Apache-2.0", miou=miou, sha256=sha256, size=size),)


def _card(
    name: str,
    title: str,
    paper: str,
    year: int,
    *,
    multiple: int,
    parameters: int,
    gmacs: float,
    paper_miou: float,
    split: str = "test",
    weights: tuple[WeightsEntry, ...],
    deviations: str,
    family: str = "",
) -> ModelCard:
    miou = weights[0].miou if weights else None
    return ModelCard(
        name=name,
        family=family or name.removesuffix("-zh320"),
        title=title,
        task="semantic",
        paper=paper,
        year=year,
        licence="Apache-2.0",
        class_set="cityscapes",
        preprocess=Preprocess(size_hw=(1024, 2048), resize="stretch", multiple=multiple),
        input_size=(1024, 2048),
        parameters=parameters,
        gmacs=gmacs,
        published=(
            Published(f"Cityscapes {split}", "mIoU", paper_miou, "paper"),
            *((Published("Cityscapes val", "mIoU", miou, _TRAINED),) if miou else ()),
        ),
        weights=weights,
        notes=f"The variant of zh320/realtime-semantic-segmentation-pytorch: {deviations}",
    )


ENET = _card(
    "enet",
    "ENet",
    "Paszke, Chaurasia, Kim, Culurciello: ENet: A Deep Neural Network Architecture for Real-Time Semantic "
    "Segmentation, 2016, arXiv:1606.02147",
    2016,
    multiple=8,
    parameters=365_100,
    gmacs=15.822,
    paper_miou=58.3,
    weights=_weights(
        "enet", 71.31, sha256="a2813d0505a689c80e84f49c218a853b7bf37c70b862b81ccfae58ec6dd138be", size=1_660_549
    ),
    deviations=(
        "normalisation and PReLU on the class scores, none in the pooled part of the first block. `enet-davidtvs` "
        "is the other ENet that is much used."
    ),
)
FDDWNET = _card(
    "fddwnet",
    "FDDWNet",
    "Liu, Zhou, Qiang, Kang, Wu, Zheng: FDDWNet: A Lightweight Convolutional Neural Network for Real-time Semantic "
    "Segmentation, ICASSP 2020, arXiv:1911.00632",
    2020,
    multiple=8,
    parameters=773_682,
    gmacs=34.3,
    paper_miou=71.5,
    weights=_weights(
        "fddwnet", 75.86, sha256="eb69e3c8e2879c4f3c57cabff38dbda8014e00ac61ee041094424b0afbd51978", size=3_567_667
    ),
    deviations="ReLU for ReLU6, one shortcut for three, normalisation and ReLU on the class scores.",
)
ESPNET = _card(
    "espnet-zh320",
    "ESPNet (zh320)",
    "Mehta, Rastegari, Caspi, Shapiro, Hajishirzi: ESPNet: Efficient Spatial Pyramid of Dilated Convolutions for "
    "Semantic Segmentation, ECCV 2018, arXiv:1803.06815",
    2018,
    multiple=8,
    parameters=377_137,
    gmacs=18.094,
    paper_miou=60.3,
    weights=_weights(
        "espnet", 66.39, sha256="ddcac68568da834d202d354a23cabfe3d75063e4c6aaf55ac140de896a6629c9", size=1_723_999
    ),
    deviations=(
        "normalisation and PReLU in every branch, transposed convolutions of 3×3 with normalisation up to the class "
        "scores."
    ),
)
ESPNET_V2 = _card(
    "espnet-v2-zh320",
    "ESPNetV2 (zh320)",
    "Mehta, Rastegari, Shapiro, Hajishirzi: ESPNetv2: A Light-weight, Power Efficient, and General Purpose "
    "Convolutional Neural Network, CVPR 2019, arXiv:1811.11431",
    2019,
    family="espnet",
    multiple=16,
    parameters=862_032,
    gmacs=19.257,
    paper_miou=66.2,
    weights=_weights(
        "espnetv2", 70.35, sha256="933ee09e577e43acb177969dd1abd24c9f7058db7dd096bd61cc69bf7630de1f", size=3_808_875
    ),
    deviations="pyramid pooling and a plain head for the authors' decoder.",
)
LINKNET = _card(
    "linknet-zh320",
    "LinkNet (zh320)",
    "Chaurasia, Culurciello: LinkNet: Exploiting Encoder Representations for Efficient Semantic Segmentation, VCIP "
    "2017, arXiv:1707.03718",
    2017,
    multiple=64,
    parameters=11_714_121,
    gmacs=38.017,
    paper_miou=76.4,
    split="val",
    weights=_weights("linknet", 71.72),
    deviations=(
        "transposed convolutions of 4×4, a convolution in every encoder's shortcut, normalisation and ReLU on the "
        "class scores."
    ),
)
ERFNET = _card(
    "erfnet-zh320",
    "ERFNet (zh320)",
    "Romera, Álvarez, Bergasa, Arroyo: ERFNet: Efficient Residual Factorized ConvNet for Real-Time Semantic "
    "Segmentation, IEEE Transactions on Intelligent Transportation Systems 19(1), 2018",
    2018,
    multiple=8,
    parameters=2_065_458,
    gmacs=107.214,
    paper_miou=68.0,
    weights=_weights("erfnet", 76.0),
    deviations="every convolution normalised, no biases, normalisation and ReLU on the class scores.",
)
CONTEXTNET = _card(
    "contextnet-zh320",
    "ContextNet (zh320)",
    "Poudel, Bonde, Liwicki, Zach: ContextNet: Exploring Context and Detail for Semantic Segmentation in Real-time, "
    "BMVC 2018, arXiv:1805.04554",
    2018,
    multiple=32,
    parameters=1_008_870,
    gmacs=46.203,
    paper_miou=66.1,
    weights=_weights("contextnet", 66.61),
    deviations="padded convolutions, a 1×1 convolution with normalisation and ReLU as the classifier.",
)
LEDNET = _card(
    "lednet-zh320",
    "LEDNet (zh320)",
    "Wang, Zhou, Liu, Xiong, Gao, Wu, Latecki: LEDNet: A Lightweight Encoder-Decoder Network for Real-Time Semantic "
    "Segmentation, ICIP 2019, arXiv:1905.02423",
    2019,
    multiple=8,
    parameters=1_461_383,
    gmacs=47.24,
    paper_miou=70.6,
    weights=_weights("lednet", 71.4),
    deviations=(
        "3×3 convolutions throughout the attention pyramid, no activation behind shortcuts: 1.46 million parameters "
        "where the paper has 0.94."
    ),
)
SWIFTNET = _card(
    "swiftnet-zh320",
    "SwiftNet-RN18 (zh320)",
    "Oršić, Krešo, Bevandić, Šegvić: In Defense of Pre-trained ImageNet Architectures for Real-time Semantic "
    "Segmentation of Road-driving Images, CVPR 2019, arXiv:1903.08469",
    2019,
    multiple=32,
    parameters=11_945_574,
    gmacs=86.859,
    paper_miou=75.5,
    weights=_weights("swiftnet", 75.43),
    deviations="convolution before normalisation, pooling in fixed parts, normalisation and ReLU on the class scores.",
)
BISENET_V1 = _card(
    "bisenet-v1-zh320",
    "BiSeNet V1, ResNet-18 (zh320)",
    "Yu, Wang, Peng, Gao, Yu, Sang: BiSeNet: Bilateral Segmentation Network for Real-time Semantic Segmentation, ECCV "
    "2018, arXiv:1808.00897",
    2018,
    family="bisenet",
    multiple=32,
    parameters=13_315_392,
    gmacs=141.311,
    paper_miou=74.7,
    weights=_weights("bisenetv1", 74.91),
    deviations="three 3×3 convolutions in the spatial path; the paper counts 49.0 million parameters.",
)
BISENET_V2 = _card(
    "bisenet-v2-zh320",
    "BiSeNet V2 (zh320)",
    "Yu, Gao, Wang, Yu, Shen, Sang: BiSeNet V2: Bilateral Network with Guided Aggregation for Real-time Semantic "
    "Segmentation, IJCV 2021, arXiv:2004.02147",
    2021,
    family="bisenet",
    multiple=32,
    parameters=2_272_688,
    gmacs=70.082,
    paper_miou=72.6,
    weights=_weights("bisenetv2-aux", 73.73),
    deviations="no activation in the expansion, bilinear enlarging; the heads that only training uses are left out.",
)
DDRNET_23_SLIM = _card(
    "ddrnet-23-slim-zh320",
    "DDRNet-23-slim (zh320)",
    "Hong, Pan, Sun, Jia: Deep Dual-resolution Networks for Real-time and Accurate Semantic Segmentation of Road "
    "Scenes, 2021, arXiv:2101.06085",
    2021,
    family="ddrnet",
    multiple=64,
    parameters=5_542_624,
    gmacs=37.831,
    paper_miou=77.4,
    weights=_weights("ddrnet-23-slim", 74.34),
    deviations="convolution before normalisation in the pooling, corners aligned, one exchange between branches less.",
)
FAST_SCNN = _card(
    "fast-scnn-zh320",
    "Fast-SCNN (zh320)",
    "Poudel, Liwicki, Cipolla: Fast-SCNN: Fast Semantic Segmentation Network, BMVC 2019, arXiv:1902.04502",
    2019,
    multiple=32,
    parameters=1_023_769,
    gmacs=6.473,
    paper_miou=68.0,
    weights=_weights("fastscnn", 69.37),
    deviations="pooling in 1, 2, 4 and 6 parts, normalisation and ReLU on the class scores.",
)
DFANET = _card(
    "dfanet-zh320",
    "DFANet A (zh320)",
    "Li, Xiong, Fan, Sun: DFANet: Deep Feature Aggregation for Real-Time Semantic Segmentation, CVPR 2019, "
    "arXiv:1904.02216",
    2019,
    multiple=64,
    parameters=3_046_952,
    gmacs=17.49,
    paper_miou=71.3,
    weights=_weights("dfanet-a", 65.28),
    deviations="maxima before the attention, its own decoder; the paper counts 7.8 million parameters.",
)
SEGNET = _card(
    "segnet-zh320",
    "SegNet (zh320)",
    "Badrinarayanan, Kendall, Cipolla: SegNet: A Deep Convolutional Encoder-Decoder Architecture for Image "
    "Segmentation, IEEE TPAMI 39(12), 2017, arXiv:1511.00561",
    2017,
    multiple=32,
    parameters=29_483_046,
    gmacs=1379.49,
    paper_miou=56.1,
    weights=(),
    deviations=(
        "normalisation and ReLU on the class scores. Its weights (70.77 on Cityscapes val) are published in two parts "
        "of one archive: join and unpack them, and give the file."
    ),
)
