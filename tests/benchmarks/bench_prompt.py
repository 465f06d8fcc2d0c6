"""From a prompt to masks, with the oracle in its process: what is between the segmenter and the window."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from segstudio.models.interactive.cache import EmbeddingCache, EmbeddingFiles
from segstudio.models.interactive.candidate import Candidate
from segstudio.models.interactive.embedding import Embedding, Frame, embedding_key
from segstudio.models.interactive.host import PromptHost
from segstudio.models.interactive.predictor import SegmenterSpec
from segstudio.models.interactive.prompt import Prompt
from segstudio.models.interactive.tasks import ASK, Ask, Encode
from tests.benchmarks.table import Row, median_of

SIZE_HW = (1024, 2048)
_ORACLE = SegmenterSpec("oracle")


def _frame() -> Frame:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 256, (*SIZE_HW, 3), dtype=np.uint8)
    things_hw = np.zeros(SIZE_HW, np.uint16)
    for number in range(60):
        y, x = int(rng.integers(0, 800)), int(rng.integers(0, 1700))
        things_hw[y : y + 200, x : x + 300] = number + 1
    return Frame("bench", image, things_hw)


def bench_prompt_round_trip() -> list[Row]:
    """Through the pipe and back, and the answer made as large as the image."""
    frame = _frame()
    with PromptHost() as host:
        host.submit(Encode(_ORACLE, frame)).wait(60)
        prompt = Prompt().with_point(1000.5, 500.5, positive=True)

        def ask() -> None:
            last = host.submit(Ask(_ORACLE, frame, prompt), priority=ASK).wait(10)
            for candidate in last.value:  # type: ignore[union-attr]
                candidate.pixels(SIZE_HW)

        median, p95 = median_of(ask)
    return [Row("prompt in the process, masks of 2048×1024", median, p95, limit="≤ 60 ms", ok=p95 <= 60)]


def bench_embedding_from_disk() -> list[Row]:
    """Embeddings of the sizes of SAM (2.1 MB) and SAM 2 (8.4 MB), with the key of a 2048×1024 image."""
    rows = []
    frame = _frame()
    for name, shapes in (
        ("SAM", [(256, 64, 64)]),
        ("SAM 2", [(32, 256, 256), (64, 128, 128), (256, 64, 64)]),
    ):
        arrays = {
            str(i): np.random.default_rng(2).normal(size=shape).astype(np.float16) for i, shape in enumerate(shapes)
        }
        with tempfile.TemporaryDirectory() as folder:
            EmbeddingCache(EmbeddingFiles(Path(folder))).get_or_make(
                "k", lambda a=arrays: Embedding(a, SIZE_HW, SIZE_HW)
            )

            def load(folder: str = folder) -> None:
                EmbeddingCache(EmbeddingFiles(Path(folder))).get("k")

            median, p95 = median_of(load)
        rows.append(Row(f"embedding of {name} from disk", median, p95, limit="≤ 30 ms", ok=p95 <= 30))
    median, p95 = median_of(lambda: embedding_key(Frame("a", frame.image_hwc), "hash"))
    rows.append(Row("key of a 2048×1024 image (in the process)", median, p95))
    return rows


def bench_candidate_pixels() -> list[Row]:
    """Logits of 256² to a mask of 2048×1024, through the padded square and directly."""
    logits_hw = np.random.default_rng(3).normal(size=(256, 256)).astype(np.float16)
    rows = []
    for name, candidate in (
        ("SAM", Candidate(logits_hw, 1.0, (1024, 1024), (512, 1024))),
        ("SAM 2", Candidate(logits_hw, 1.0)),
    ):
        median, p95 = median_of(lambda c=candidate: c.pixels(SIZE_HW))
        rows.append(Row(f"logits of {name} to 2048×1024", median, p95))
    return rows
