"""Embedding the images that are shown, all or those of a filter, in the background: a click interrupts it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from segstudio.core.errors import Cancelled, UserError
from segstudio.models.interactive.oracle import NAME as ORACLE
from segstudio.models.interactive.tasks import BULK, Encode, Encoded, Failure
from segstudio.session.jobs import Job
from segstudio.workflows.encoding import EncodeReport, encode_items, encoded_of

if TYPE_CHECKING:
    from segstudio.session.session import Session

_POLL_S = 0.1


def encode_ahead(session: Session) -> Job:
    """Embed the shown images for the segmenter in hand, from the open one on; the job can be cancelled.

    Raises `UserError` where there are none, or no segmenter is chosen.
    """
    from segstudio.settings import load_settings

    images, prompting = session.images, session.prompting
    if not images.num_shown:
        raise UserError("there are no images to embed", hint="open a data set, or show all images")
    if not prompting.choose_any():
        raise UserError("no segmenter is chosen", hint="Assist › AI segmenter")
    if prompting.model == ORACLE:
        raise UserError("the oracle answers from ground truth: it has nothing to embed")
    place = images.place_of(session.index) if session.index is not None else None
    first = place or 0
    order = [*range(first, images.num_shown), *range(first)]
    items = [images[images.index_at(number)] for number in order]
    host, spec = prompting.host, prompting.spec
    limit = load_settings().embedding_megabytes << 20

    def work(job: Job) -> EncodeReport:
        def encode(task: Encode) -> Encoded:
            asked = host.submit(task, priority=BULK)
            while (last := asked.wait(_POLL_S)) is None:
                if job.cancel_token.cancelled:
                    host.cancel(asked)
            if isinstance(last, Failure) and job.cancel_token.cancelled:
                raise Cancelled
            return encoded_of(last)

        return encode_items(items, encode, spec, limit_bytes=limit, progress=job.progress, cancel=job.cancel_token)

    def done(report: EncodeReport) -> None:
        hint = "Settings: embedding_megabytes" if report.left_out else ""
        if report.failed:
            hint = f"{len(report.failed)} failed, the first is {report.failed[0].name}: {report.failed[0].reason}"
        session.notify.tell("warning" if hint else "info", report.line(), hint=hint)

    return session.jobs.submit(
        work, done=done, failed=session.notify.fault, lane="batch", key="embed", title="embedding images"
    )
