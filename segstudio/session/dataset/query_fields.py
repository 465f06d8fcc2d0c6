"""What a question about images may ask for: the fields, what they compare, and what they speak of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "word", "number", "date", "class", "state"]
"""What a field holds. A text is searched, a word is met as a whole, a state is one of a few words."""
Grain = Literal["image", "class", "object"]
"""What a field speaks of: the image, one class that it has, or one object."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field by its name, with a sentence for the help and an example."""

    name: str
    kind: Kind
    grain: Grain
    title: str
    example: str

    @property
    def operators(self) -> tuple[str, ...]:
        """The comparisons that the field knows."""
        if self.kind in ("number", "date"):
            return ("<", "<=", ">", ">=", "=", "!=")
        return (":", "!=") if self.kind in ("class", "state") else (":", "!=", "~")


_ROWS: tuple[tuple[str, Kind, Grain, str, str], ...] = (
    ("name", "text", "image", "the image's name, with its folders", "name~frankfurt"),
    ("status", "word", "image", "the state of work: to do, labelled, reviewed, rejected", "status:todo"),
    ("split", "word", "image", "the split: train, val, test", "split:val"),
    ("sequence", "word", "image", "the sequence or city", "sequence:aachen"),
    ("tag", "word", "image", "a tag that the image bears", "tag:night"),
    ("note", "text", "image", "what is noted of the image", "note~glare"),
    ("is", "state", "image", "one of: flagged, noted, tagged, labelled, scored", "is:flagged"),
    ("person", "word", "image", "who edited it last", "person:ana"),
    ("edited", "date", "image", "when it was edited last (UTC; a day, or a day with a time)", "edited>=2026-11-01"),
    ("width", "number", "image", "pixels from left to right", "width>2000"),
    ("height", "number", "image", "pixels from top to bottom", "height<=1024"),
    ("miou", "number", "image", "mean IoU against the truth, 0 to 1", "miou<60%"),
    ("worst", "class", "image", "the class with the lowest IoU", "worst:rider"),
    ("fp", "number", "image", "pixels given a wrong class", "fp>10k"),
    ("fn", "number", "image", "pixels of the truth that were missed or given a wrong class", "fn>10k"),
    ("boundary", "number", "image", "boundary error: 1 minus the mean boundary IoU", "boundary>0.4"),
    ("confidence", "number", "image", "the prediction's mean confidence, 0 to 1", "confidence<0.7"),
    ("disagreement", "number", "image", "share of pixels on which the predictions differ", "disagreement>0.1"),
    ("objects", "number", "image", "number of objects in the image", "objects>=20"),
    ("class", "class", "class", "a class that the image has", "class:car"),
    ("area", "number", "class", "pixels of that class", "area>5000"),
    ("count", "number", "class", "objects of that class", "count>=3"),
    ("iou", "number", "class", "IoU of that class against the truth", "iou<0.6"),
    ("size", "number", "object", "pixels of one object", "size<32"),
    ("score", "number", "object", "the model's score of one object", "score>0.5"),
)
FIELDS: Mapping[str, Field] = {row[0]: Field(*row) for row in _ROWS}
STATES = ("flagged", "noted", "tagged", "labelled", "scored")
