"""What every promptable segmenter owes its host, as checks that anybody can run on one.

    from segstudio.models.interactive.contract import violations
    assert violations(lambda: open_mine(), image_hwc) == []

Each check is a function of an opener and a picture that gives a sentence where the promise is broken, else None.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import Cancelled
from segstudio.core.progress import CancelToken
from segstudio.models.interactive.candidate import Candidate, checked
from segstudio.models.interactive.embedding import Embedding, Frame, pack_embedding, unpack_embedding
from segstudio.models.interactive.predictor import InteractivePredictor
from segstudio.models.interactive.prompt import Prompt

Make = Callable[[], InteractivePredictor]
CANCEL_S = 0.05
"""How soon a call ends after its token was cancelled."""


def frame_of(image_hwc: NDArray[np.uint8], truth_hw: NDArray[np.uint16] | None = None) -> Frame:
    """A frame to check with; without a truth, one thing in the middle half."""
    height, width = image_hwc.shape[:2]
    if truth_hw is None:
        truth_hw = np.zeros((height, width), np.uint16)
        truth_hw[height // 4 : max(1, 3 * height // 4), width // 4 : max(1, 3 * width // 4)] = 1
    return Frame("checked", image_hwc, truth_hw)


def violations(make: Make, image_hwc: NDArray[np.uint8], *, truth_hw: NDArray[np.uint16] | None = None) -> list[str]:
    """Every broken promise in a sentence; empty for a segmenter that keeps them all."""
    frame = frame_of(image_hwc, truth_hw)
    found = []
    for check in CHECKS:
        try:
            said = check(make, frame)
        except Exception as error:  # noqa: BLE001 - whatever it raises breaks the promise
            said = f"{check.__name__.replace('_', ' ')}: {type(error).__name__}: {error}"
        if said is not None:
            found.append(said)
    return found


def it_describes_itself(make: Make, frame: Frame) -> str | None:
    """The hash of the model is there, and the same for another one opened in the same way."""
    first, second = make(), make()
    if not first.model_hash or first.model_hash != second.model_hash:
        return "two segmenters opened in the same way have different hashes"
    return None if first.device_line() else "it does not say where it computes"


def embeddings_survive_the_disk(make: Make, frame: Frame) -> str | None:
    """An embedding that was written and read answers as the one that was made."""
    predictor = make()
    embedding = predictor.encode(frame, cancel=CancelToken())
    if embedding.size_hw != frame.size_hw:
        return "the embedding is of an image of another size"
    again = unpack_embedding(pack_embedding(embedding))
    one, two = (_masks(predictor, each, _centre(frame)) for each in (embedding, again))
    return None if _same(one, two) else "an embedding answers differently after it was on the disk"


def equal_input_gives_equal_output(make: Make, frame: Frame) -> str | None:
    """Twice the same prompt, with another one in between, and by another segmenter opened in the same way."""
    predictor, other = make(), make()
    embedding = predictor.encode(frame, cancel=CancelToken())
    first = _masks(predictor, embedding, _centre(frame))
    _masks(predictor, embedding, Prompt().with_point(0.5, 0.5, positive=True))
    if not _same(first, _masks(predictor, embedding, _centre(frame))):
        return "the same prompt is answered differently after another one"
    second = _masks(other, other.encode(frame, cancel=CancelToken()), _centre(frame))
    return None if _same(first, second) else "two segmenters opened in the same way answer differently"


def coordinates_are_those_of_the_image(make: Make, frame: Frame) -> str | None:
    """The mirrored picture, asked at the mirrored point, may differ in detail, but is no error; points at every corner
    and beyond the image are answered, with masks of the image's size.
    """
    predictor = make()
    embedding = predictor.encode(frame, cancel=CancelToken())
    height, width = frame.size_hw
    for x, y in ((0.5, 0.5), (width - 0.5, height - 0.5), (-20.0, -20.0), (width + 50.0, height + 50.0)):
        for candidate in _ask(predictor, embedding, Prompt().with_point(x, y, positive=True)):
            rect, mask_hw = candidate.pixels(frame.size_hw)
            if mask_hw.shape != (rect.height, rect.width) or rect.x1 > width or rect.y1 > height:
                return f"a point at ({x:g}, {y:g}) gives a mask that is not one of the image"
    return None


def every_prompt_is_answered(make: Make, frame: Frame) -> str | None:
    """Points of both signs, a box, a box of zero area, an outline, a mask to start from, an empty prompt."""
    predictor = make()
    embedding = predictor.encode(frame, cancel=CancelToken())
    height, width = frame.size_hw
    x, y = width / 2, height / 2
    lasso_xy = np.array([[0.2 * width, 0.2 * height], [0.8 * width, 0.2 * height], [x, 0.9 * height]])
    inside_hw = np.zeros(frame.size_hw, np.bool_)
    inside_hw[: height // 2] = True
    prompts = (
        Prompt(),
        Prompt().with_point(x, y, positive=False),
        _centre(frame).with_point(0.5, 0.5, positive=False),
        Prompt(box_xyxy=(0.25 * width, 0.25 * height, 0.75 * width, 0.75 * height)),
        Prompt(box_xyxy=(x, y, x, y)),
        replace(_centre(frame), box_xyxy=(0.0, 0.0, float(width), float(height))),
        Prompt(lasso_xy=lasso_xy),
        replace(_centre(frame), prior_hw=inside_hw),
        replace(_centre(frame), prior_hw=np.zeros(frame.size_hw, np.bool_)),
        replace(_centre(frame), text="a thing", exemplars_xyxy=((0.0, 0.0, x, y),)),
    )
    for prompt in prompts:
        first = _ask(predictor, embedding, prompt)
        if first:
            _ask(predictor, embedding, replace(prompt, previous_hw=first[0].logits_hw))
    return None


def cancelling_ends_a_call(make: Make, frame: Frame) -> str | None:
    """A token that is cancelled beforehand lets nothing begin; one that is cancelled meanwhile ends the call."""
    predictor = make()
    embedding = predictor.encode(frame, cancel=CancelToken())
    for name, call in (
        ("encode", lambda token: predictor.encode(frame, cancel=token)),
        ("predict", lambda token: predictor.predict(embedding, _centre(frame), cancel=token)),
    ):
        token = CancelToken()
        token.cancel()
        try:
            call(token)
        except Cancelled:
            pass
        else:
            return f"{name} goes on though it was cancelled"
        late = _seconds_after_cancel(call)
        if late > 10 * CANCEL_S:  # a machine under load may be late by much; one that does not listen is by more
            return f"{name} ends {1000 * late:.0f} ms after it was cancelled"
    return None


def small_and_plain_pictures_are_no_error(make: Make, frame: Frame) -> str | None:
    """One pixel, one row, one colour."""
    predictor = make()
    for height, width in ((1, 1), (1, 40), (33, 1), (16, 16)):
        plain = frame_of(np.full((height, width, 3), 128, np.uint8))
        embedding = predictor.encode(plain, cancel=CancelToken())
        for candidate in _ask(predictor, embedding, _centre(plain)):
            candidate.pixels((height, width))
    return None


CHECKS: tuple[Callable[[Make, Frame], str | None], ...] = (
    it_describes_itself,
    embeddings_survive_the_disk,
    equal_input_gives_equal_output,
    coordinates_are_those_of_the_image,
    every_prompt_is_answered,
    cancelling_ends_a_call,
    small_and_plain_pictures_are_no_error,
)


def _centre(frame: Frame) -> Prompt:
    height, width = frame.size_hw
    return Prompt().with_point(width / 2, height / 2, positive=True)


def _ask(predictor: InteractivePredictor, embedding: Embedding, prompt: Prompt) -> list[Candidate]:
    spelled = prompt.spelled_out(embedding.size_hw)
    return checked(predictor.predict(embedding, spelled, cancel=CancelToken()), where="it")


def _masks(predictor: InteractivePredictor, embedding: Embedding, prompt: Prompt) -> list[NDArray[np.float16]]:
    return [candidate.logits_hw for candidate in _ask(predictor, embedding, prompt)]


def _same(one: list[NDArray[np.float16]], two: list[NDArray[np.float16]]) -> bool:
    return len(one) == len(two) and all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def _seconds_after_cancel(call: Callable[[CancelToken], object]) -> float:
    """How long a call goes on after it was cancelled a hundredth of a second after its beginning."""
    token = CancelToken()
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        token.cancel()

    timer = threading.Timer(0.01, cancel)
    timer.start()
    try:
        call(token)
    except Cancelled:
        return time.monotonic() - cancelled_at[0]
    finally:
        timer.cancel()
        timer.join()
    return 0.0 if not cancelled_at else time.monotonic() - cancelled_at[0]
