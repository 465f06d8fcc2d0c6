"""The cards of DeepMask and SharpMask; input convention and figures as in foolwood/deepmask-pytorch."""

from __future__ import annotations

from segstudio.plugins.api import ClassSet, LabelClass, ModelCard, Preprocess, Published

_OBJECT = ClassSet("object", (LabelClass(1, "object", (230, 120, 40), train_id=0, is_thing=True),))


def _card(
    name: str, title: str, paper: str, year: int, *, published: tuple[Published, ...], cost: tuple[int, float]
) -> ModelCard:
    return ModelCard(
        name=name,
        family="deepmask",
        title=f"{title}, ResNet-50",
        task="instance",
        paper=paper,
        year=year,
        licence="MIT",
        class_set=_OBJECT,
        preprocess=Preprocess(),
        input_size=(480, 640),
        parameters=cost[0],
        gmacs=cost[1],
        published=published,
        notes=(
            "Finds objects without naming them: give them classes yourself. Looks at the image in seven sizes; of much "
            "alike masks the best is kept, where the published recall counts all. Give the file that "
            "foolwood/deepmask-pytorch links to. Multiply-accumulates are those of all "
            "sizes; neither papers nor reference state them."
        ),
    )


DEEPMASK = _card(
    "deepmask",
    "DeepMask",
    "Pinheiro, Collobert, Dollár: Learning to Segment Object Candidates, NIPS 2015, arXiv:1506.06204",
    2015,
    published=(
        Published("COCO val2014", "AR@10", 13.6, "foolwood/deepmask-pytorch"),
        Published("COCO val2014", "AR@100", 26.0, "foolwood/deepmask-pytorch"),
        Published("COCO val2014", "AR@1000", 33.5, "foolwood/deepmask-pytorch"),
        Published("COCO val2014", "AR@100", 25.8, "the authors' Lua code"),
    ),
    cost=(17_363_713, 183.627),
)
SHARPMASK = _card(
    "sharpmask",
    "SharpMask",
    "Pinheiro, Lin, Collobert, Dollár: Learning to Refine Object Segments, ECCV 2016, arXiv:1603.08695",
    2016,
    published=(),
    cost=(18_521_928, 321.027),
)
