"""Running one model over many images while others are decoded and written, in any format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from segstudio import formats
from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import Dataset, ImageItem, Skipped
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.formats.pairing import label_key
from segstudio.formats.registry import get as get_format
from segstudio.models.registry import default_registry
from segstudio.models.request import PredictSettings
from segstudio.models.result_cache import ResultCache
from segstudio.workflows.predict_ahead import DECODERS, Ahead, ModelThread
from segstudio.workflows.predict_known import Known
from segstudio.workflows.reading import opened

if TYPE_CHECKING:
    from segstudio.models.torch_backend.predictor import Predictor

_ID_PNGS = "class-id-png"
_FORMAT_OF_TASK = {"semantic": _ID_PNGS, "instance": "coco-results", "panoptic": "coco-panoptic"}


@dataclass(frozen=True, slots=True)
class InputOptions:
    """What a person says explicitly about the network's input; None leaves what the model's card says."""

    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    order: str | None = None
    scale: float | None = None
    size_hw: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Predicted:
    """One image that was predicted: where its labels lie now and how long the model took."""

    name: str
    output: Path
    seconds: float


@dataclass(frozen=True)
class PredictReport:
    """What a run did.

    `elapsed` is the time from the first picture to the last result, without loading the model; `cached` counts the
    images that had been predicted before.
    """

    model: str
    device: str
    reason: str
    format: str
    images: tuple[Predicted, ...]
    failed: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()
    elapsed: float = 0.0
    cached: int = 0

    @property
    def images_per_second(self) -> float | None:
        """Of those that the model worked on; None where there were none."""
        made = len(self.images) - self.cached
        return made / self.elapsed if made > 0 and self.elapsed > 0 else None

    def to_json(self) -> dict[str, Any]:
        """The document of `segstudio predict --json`."""
        images = [{"name": one.name, "output": str(one.output), "seconds": one.seconds} for one in self.images]
        return {
            "model": self.model,
            "device": self.device,
            "reason": self.reason,
            "images": images,
            "failed": [{"name": one.name, "error": one.reason} for one in self.failed],
            "images_per_second": self.images_per_second,
        }


def predict(
    model: str,
    source: str | Path,
    output: str | Path,
    *,
    weights: str | None = None,
    format: str | None = None,
    device: str = "auto",
    classes: ClassSet | None = None,
    options: InputOptions | None = None,
    tile: int = 0,
    settings: PredictSettings | None = None,
    split: str | None = None,
    cache: ResultCache | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> PredictReport:
    """Predict every picture of `source` (an image, a folder, a data set, a project) and write the labels to `output`.

    Runs in this process. `format` None takes what suits the model's task: PNGs of class ids, COCO results, COCO
    panoptic. `settings` says what the other arguments do not: batch, precision, averaging, refinement. What `cache`
    holds of the same model, weights, settings and pixels is not run again. Pictures that
    cannot be read are told in `failed`; the rest is written, and appears at `output` whole. Raises
    `UserError` where the model, its weights, the device or the input cannot be used at all.
    """
    cancel = cancel or CancelToken()
    target_format = _target_format(model, format)
    with opened(source, split=split) as dataset:
        pictures = _pictures(dataset, source)
        progress(0, len(pictures), f"loading {model}")
        chosen = replace(settings or PredictSettings(), device=device, class_set=classes, tile=tile)
        run = _Run(_open(model, weights, chosen, options, cancel), target_format, cancel, weights=weights, cache=cache)
        return run.write(dataset, pictures, Path(output), progress)


def predict_with(
    predictor: Predictor,
    source: str | Path,
    output: str | Path,
    *,
    limit: int | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> PredictReport:
    """As `predict` with a model that is open already, of the first `limit` pictures, in the task's own format."""
    with opened(source) as dataset:
        pictures = _pictures(dataset, source)[:limit]
        run = _Run(predictor, _target_format(predictor.card.name, None), cancel or CancelToken())
        return run.write(dataset, pictures, Path(output), progress)


def _pictures(dataset: Dataset, source: str | Path) -> list[ImageItem]:
    pictures = [item for item in dataset.images if item.path is not None]
    if not pictures:
        raise UserError(f"{source}: there are no pictures in it")
    return pictures


def _target_format(model: str, format: str | None) -> str:
    card = default_registry().card(model)
    if card.task not in _FORMAT_OF_TASK:
        raise UserError(f"{card.name} answers prompts", hint="use it in the window with the tool AI points")
    chosen = format or _FORMAT_OF_TASK[card.task]
    if get_format(chosen).write is None:  # told before the model runs for an hour
        raise UserError(f"{chosen} can only be read")
    return chosen


def _open(
    model: str,
    weights: str | None,
    settings: PredictSettings,
    options: InputOptions | None,
    cancel: CancelToken,
) -> Predictor:
    from segstudio.models.torch_backend.opening import open_predictor

    predictor = open_predictor(default_registry(), model, weights=weights, settings=settings, cancel=cancel)
    if options is not None:  # they change what holds for these weights, which may not be what the card says
        predictor.change_input(
            mean=options.mean, std=options.std, order=options.order, scale=options.scale, size_hw=options.size_hw
        )
    return predictor


@dataclass
class _Run:
    """The pictures under way: each item's annotation is its prediction, made when the writer asks for it."""

    predictor: Predictor
    format: str
    cancel: CancelToken
    weights: str | None = None
    cache: ResultCache | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    elapsed: float = 0.0
    cached: int = 0

    @contextmanager
    def over(self, pictures: Sequence[ImageItem]) -> Iterator[list[ImageItem]]:
        """The items to write, in order, while decoding threads run."""
        with ThreadPoolExecutor(DECODERS, thread_name_prefix="decode") as pool:
            model = ModelThread(self.predictor, Ahead(pool, pictures, self._known(pool)), pictures, self.cancel)
            try:
                keys = _written_keys(pictures, self.format)
                yield [
                    replace(item, key=keys[item.key], read_annotation=self._reader(item, model)) for item in pictures
                ]
            finally:
                model.stop()
                self.elapsed, self.cached = model.seconds, model.known

    def write(self, dataset: Dataset, pictures: Sequence[ImageItem], output: Path, progress: Progress) -> PredictReport:
        """Predict the pictures and write what comes out."""
        predictor, written_as = self.predictor, _written_keys(pictures, self.format)
        with self.over(pictures) as items:
            predictions = Dataset(dataset.name, dataset.root, self.format, predictor.class_set, items)
            written = formats.write(predictions, output, self.format, progress=progress, cancel=self.cancel)
        place = _places(output, self.format)
        return PredictReport(
            predictor.card.name,
            predictor.device,
            predictor.reason,
            self.format,
            tuple(Predicted(key, place(written_as[key]), seconds) for key, seconds in self.seconds.items()),
            (*dataset.skipped, *written.skipped),
            tuple(dict.fromkeys(self.notes)),
            self.elapsed,
            self.cached,
        )

    def _known(self, pool: ThreadPoolExecutor) -> Known | None:
        if self.cache is None:
            return None
        return Known(self.cache, self.predictor.card.name, self.weights, self.predictor.settings, pool)

    def _reader(self, item: ImageItem, model: ModelThread) -> Callable[[], Annotation]:
        def read() -> Annotation:
            prediction = model.take(item.key)
            self.seconds[item.key] = prediction.seconds
            self.notes += prediction.notes
            return prediction.to_annotation()

        return read


def _written_keys(pictures: Sequence[ImageItem], format: str) -> dict[str, str]:
    """Key → the key under which the labels are written and found again.

    Label PNGs are named after the image itself: `x_leftImg8bit.png` gets `x.png`, unless two images would share it.
    """
    if format != _ID_PNGS:
        return {item.key: item.key for item in pictures}
    short = {item.key: _own_name(item.key) for item in pictures}
    uses = Counter(short.values())
    return {key: name if uses[name] == 1 else key for key, name in short.items()}


def _own_name(key: str) -> str:
    shorter = label_key(f"{key}.png")
    return key if shorter == key else _own_name(shorter)


def _places(output: Path, format: str) -> Callable[[str], Path]:
    if format == _ID_PNGS:
        return lambda key: output / f"{key}.png"
    return lambda key: output
