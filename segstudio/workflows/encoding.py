"""Embedding all images for a segmenter beforehand, so that the first click on each is answered at once."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from segstudio.core.dataset import ImageItem, Skipped
from segstudio.core.errors import Cancelled, SegStudioError, UserError
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.models.interactive.embedding import Frame
from segstudio.models.interactive.predictor import SegmenterSpec
from segstudio.models.interactive.tasks import Encode, Encoded, Failure, Reply, Result

EMBEDDINGS = "embeddings"
"""The folder for them within the program's data folder."""


@dataclass(frozen=True, slots=True)
class EncodeReport:
    """What became of the images: embedded now, found embedded, failed, and left out because the space is used up."""

    model: str
    device: str
    encoded: int
    there: int
    left_out: int
    nbytes: int
    failed: tuple[Skipped, ...] = ()

    def line(self) -> str:
        """All of it in a sentence."""
        said = f"{self.encoded} images embedded, {self.there} were there, {size_text(self.nbytes)}"
        if self.left_out:
            said += f"; {self.left_out} left out: the space for embeddings is used up"
        return said

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio encode --json`."""
        return {
            "model": self.model,
            "device": self.device,
            "encoded": self.encoded,
            "there": self.there,
            "left_out": self.left_out,
            "bytes": self.nbytes,
            "failed": [{"name": one.name, "error": one.reason} for one in self.failed],
        }


def encode_items(
    items: Iterable[ImageItem],
    encode: Callable[[Encode], Encoded],
    spec: SegmenterSpec,
    *,
    limit_bytes: int,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> EncodeReport:
    """Embed images one after another by `encode`, which may raise; stops where `limit_bytes` would be passed, because
    what is kept beyond them drives out what was made before.

    Progress tells the bytes so far and those expected for all. What cannot be read or embedded is reported.
    """
    items, cancel = list(items), cancel or CancelToken()
    made = there = nbytes = 0
    device = ""
    failed: list[Skipped] = []
    for number, item in enumerate(items):
        cancel.raise_if_cancelled()
        known = made + there
        each = nbytes / known if known else 0.0
        if known and nbytes + each > limit_bytes:
            return EncodeReport(spec.model, device, made, there, len(items) - number, nbytes, tuple(failed))
        expected = f" · {size_text(nbytes)} of about {size_text(round(each * len(items)))}" if known else ""
        progress(number, len(items), f"{item.name}{expected}")
        try:
            encoded = encode(Encode(spec, _frame(item), ahead=True))
        except Cancelled:
            raise
        except SegStudioError as error:
            if known == 0 and not isinstance(error, UnreadableImage):
                raise  # the segmenter itself: it would say so for every image
            failed.append(Skipped(item.name, error.message))
            continue
        made, there = made + (encoded.source == "encoded"), there + (encoded.source != "encoded")
        nbytes, device = nbytes + encoded.nbytes, encoded.device
    progress(len(items), len(items), "")
    return EncodeReport(spec.model, device, made, there, 0, nbytes, tuple(failed))


class UnreadableImage(UserError):
    """A picture that cannot be decoded; others can."""


def encode_dataset(
    source: Path,
    spec: SegmenterSpec,
    folder: Path,
    *,
    limit_bytes: int,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> EncodeReport:
    """Embed the images of a project, data set or folder in this process; embeddings go to `folder`.

    Raises `UserError` where the source or the segmenter cannot be opened, or takes its answers from ground truth.
    """
    from segstudio.models.interactive.bench import PromptBench
    from segstudio.models.interactive.cache import EmbeddingCache, EmbeddingFiles
    from segstudio.models.interactive.opening import open_segmenter
    from segstudio.models.registry import default_registry
    from segstudio.workflows.reading import opened

    registry, token = default_registry(), cancel or CancelToken()
    files = EmbeddingFiles(folder, limit_bytes=limit_bytes)
    bench = PromptBench(lambda wanted: open_segmenter(registry, wanted), EmbeddingCache(files))

    def encode(task: Encode) -> Encoded:
        replies: list[Reply] = []
        bench.run(task, replies.append, token)
        return encoded_of(replies[-1])

    with opened(source) as dataset:
        return encode_items(dataset.images, encode, spec, limit_bytes=limit_bytes, progress=progress, cancel=token)


def encoded_of(last: Reply) -> Encoded:
    """What an `Encode` gave. Raises `Cancelled`, and `UserError` where it failed."""
    if isinstance(last, Failure):
        if last.cancelled:
            raise Cancelled
        raise UserError(last.message, hint=last.hint)
    if not isinstance(last, Result) or not isinstance(last.value, Encoded):
        raise UserError("the segmenter gave no embedding")
    if last.value.capabilities.reads_truth:
        raise UserError("this segmenter answers from ground truth: it has nothing to embed")
    return last.value


_NUMBERS = itertools.count(1)


def _frame(item: ImageItem) -> Frame:
    from segstudio.render.picture_file import read_pyramid

    if item.path is None:
        raise UnreadableImage(f"{item.name}: the image has no file")
    try:
        return Frame(f"ahead {next(_NUMBERS)}", read_pyramid(item.path, item.page).image_hwc)
    except UserError as error:
        raise UnreadableImage(error.message, hint=error.hint) from None


def size_text(nbytes: int) -> str:
    """Bytes for people."""
    return f"{nbytes / 1e9:.1f} GB" if nbytes >= 1e9 else f"{nbytes / 1e6:.1f} MB"
