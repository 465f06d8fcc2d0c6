"""Every image of what is open at a glance: the table of facts, kept up with the edits, asked and put in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.dataset import ImageItem
from segstudio.core.errors import EnvironmentFault, UserError
from segstudio.core.event import Event
from segstudio.core.layer import LABELS, TRUTH
from segstudio.session.dataset.image_facts import LabelFacts
from segstudio.session.dataset.image_table import SCALARS, ImageTable
from segstudio.session.dataset.images import FLAG, Remark, Walk
from segstudio.session.dataset.query import parse
from segstudio.session.dataset.query_run import find
from segstudio.session.jobs import Job
from segstudio.store.image_facts import HEAD, FactColumns, ImageFacts

if TYPE_CHECKING:
    from segstudio.core.transaction import Edit
    from segstudio.session.document import Document
    from segstudio.session.session import Session
    from segstudio.session.workspace import Workspace
    from segstudio.store import Project
    from segstudio.store.fact_rows import PackedFacts

BEST_KNOWN = ""
"""Facts of the labels; of an image without any of the newest prediction, else of the truth."""
ORDERS = ("name", "status", "worst", "note", "tags", "person", "edited", "objects", *SCALARS)
"""What the images can be put in order by."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The question that the images which are shown answer, and their order; `order` "" is the list's own."""

    query: str = ""
    order: str = ""
    descending: bool = False

    @property
    def text(self) -> str:
        """In words, "" where all images are shown as they come."""
        words = {"mean_iou": "mIoU"}.get(self.order, self.order.replace("_", " "))
        ordered = f"by {words}, {'highest' if self.descending else 'lowest'} first" if self.order else ""
        return " · ".join(part for part in (self.query, ordered) if part)


class Overview:
    """What is known of all images. The table is read from the project when it is first needed (`need`).

    `ready` is emitted when the table was read (again), `changed` with the index of an image that has other facts.
    Home thread only.
    """

    def __init__(self, session: Session) -> None:
        self.ready: Event[ImageTable] = Event()
        self.changed: Event[int] = Event()
        self.table: ImageTable | None = None
        self.asked = Asked()
        self.layer = BEST_KNOWN
        self._session = session
        self._labels: LabelFacts | None = None
        self._is_wanted = False
        self._fresh: dict[str, ImageFacts] = {}
        self._edited: dict[str, float] = {}
        session.opened.connect(self._on_opened)
        session.document_changed.connect(self._on_document)
        session.images.changed.connect(self._on_image)
        session.images.walk_changed.connect(self._on_walk)
        session.images.grown.connect(self._on_grown)

    # ── the table ────────────────────────────────────────────────────────────────────────────────────────────────────

    def need(self) -> None:
        """Read the table where that has not happened yet; `ready` tells when it is there."""
        self._is_wanted = True
        if self.table is None and self._session.project is not None:
            self.reload()

    def choose_layer(self, name: str) -> None:
        """Show the facts of one layer only (`labels`, `truth`, `prediction:<run>`), or the best known."""
        if name != self.layer:
            self.layer = name
            if self.table is not None:
                self.reload()

    def reload(self) -> None:
        """Read the table from the project, in the background."""
        project, items, layer = self._session.project, self._session.images.items, self.layer
        if project is None:
            return

        def work(job: Job) -> ImageTable:
            return read_table(items, project, layer)

        self._session.jobs.submit(work, done=self._loaded, failed=self._session.notify.fault, key="overview")

    def facts_after(self, document: Document, edit: Edit) -> ImageFacts | None:
        """The facts of the open image's labels after an edit of them, for the project to keep with it."""
        if edit.layer != LABELS:
            return None
        if self._labels is None:
            self._labels = LabelFacts(document)
        live = self._session.live
        facts = self._labels.after(edit, live.image_matrix() if live.has_truth else None)
        self._edited[document.key] = datetime.now(UTC).timestamp()
        self._take(document.key, facts)
        return facts

    def take_rows(self, rows: Sequence[tuple[str, str, ImageFacts]]) -> None:
        """Show facts that were found of stored layers."""
        index_of, table = self._session.images.index_of, self.table
        for key, name, facts in rows:
            index = index_of(key)
            if table is None or index is None or key in self._fresh:
                continue
            known = table.class_rows(index)
            if name == self.layer or (self.layer == BEST_KNOWN and (name != TRUTH or known.start == known.stop)):
                table.set_facts(index, facts)
                self.changed.emit(index)

    def _take(self, key: str, facts: ImageFacts) -> None:
        self._fresh[key] = facts
        index = self._session.images.index_of(key)
        if self.table is not None and index is not None and self.layer in (BEST_KNOWN, LABELS):
            self._put(self.table, index, facts)
            self.changed.emit(index)

    def _put(self, table: ImageTable, index: int, facts: ImageFacts) -> None:
        # What the labels do not have of their own stays: how sure the predictions are and how far they differ.
        kept: dict[str, Any] = {
            name: float(table.numbers[name][index])
            for name in ("confidence", "disagreement")
            if np.isnan(getattr(facts, name))
        }
        table.set_facts(index, replace(facts, **kept))
        key = self._session.images[index].key
        if key in self._edited:
            table.numbers["edited"][index] = self._edited[key]
            table.words["person"].set(index, self._session.person)

    def _loaded(self, table: ImageTable) -> None:
        images = self._session.images
        if len(table) != len(images):
            return
        self.table = table
        table.words["status"].fill([images.badge(index).status for index in range(len(images))])
        for key, remark in images.remarks.items():
            index = images.index_of(key)
            if index is not None:
                table.set_remark(index, remark)
        if self.layer in (BEST_KNOWN, LABELS):
            for key, facts in self._fresh.items():
                if (index := images.index_of(key)) is not None:
                    self._put(table, index, facts)
        self.ready.emit(table)

    def _on_opened(self, _: Workspace | None) -> None:
        had_one = self.table is not None
        self._is_wanted = had_one
        self.table, self.asked, self.layer = None, Asked(), BEST_KNOWN
        self._fresh.clear()
        self._edited.clear()
        self._session.jobs.cancel("overview")
        if had_one:
            self.reload()

    def _on_grown(self, _: int) -> None:
        # Read again when all are there: so often would keep the machine busy with nothing else.
        self._is_wanted = self._is_wanted or self.table is not None
        self.table = None
        self._session.jobs.cancel("overview")

    def caught_up(self) -> None:
        """No more images come for now: read the table that was asked for meanwhile."""
        if self._is_wanted and self.table is None:
            self.reload()

    def _on_document(self, document: Document | None) -> None:
        self._labels = None

    def _on_image(self, index: int) -> None:
        if self.table is not None:
            images = self._session.images
            self.table.words["status"].set(index, images.badge(index).status)
            self.table.set_remark(index, images.remark(index))
            self.changed.emit(index)

    def _on_walk(self, walk: Walk | None) -> None:
        if walk is None:
            self.asked = Asked()

    # ── asking ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, query: str, *, order: str = "", descending: bool = False) -> int:
        """Show the images that pass, in order; returns how many. Raises `QueryError`; nothing changes then.

        What a person does to an image that is shown does not make it vanish: ask again for that.
        """
        table = self.table
        tree = parse(query)
        if table is None:
            return len(self._session.images)
        asked = Asked(query.strip(), order, descending)
        passing = np.flatnonzero(find(tree, table, self._session.classes.current))
        if asked == Asked():
            self._session.images.show(None)
            return len(table)
        indices = passing[self._ranks(table, passing, order, descending)] if order else passing
        self.asked = asked
        self._session.images.show(Walk(indices, asked.text))
        return len(indices)

    def _ranks(self, table: ImageTable, indices: NDArray[np.intp], order: str, descending: bool) -> NDArray[np.intp]:
        """The order of `indices`; what is not known comes last either way."""
        if order == "name":
            ranks = np.arange(len(indices))
            return ranks[::-1] if descending else ranks
        if order in ("note", "tags"):
            remarks = table.remarks
            words = [" ".join(_words(remarks.get(index), order)) for index in indices.tolist()]
        elif order == "worst":
            names = {one.id: one.name for one in self._session.classes.current.classes}
            words = [names.get(class_id, "") for class_id in table.worst[indices].tolist()]
        elif order in table.words:
            words = [table.words[order].words[code] for code in table.words[order].codes[indices].tolist()]
        else:
            values = table.numbers[order][indices]
            ranks = np.argsort(-values if descending else values, kind="stable")
            return np.asarray(ranks, np.intp)
        _, codes = np.unique(np.array(words, object), return_inverse=True)
        keys = np.where(np.array([bool(word) for word in words], np.bool_), -codes if descending else codes, len(codes))
        return np.asarray(np.argsort(keys, kind="stable"), np.intp)

    # ── what a person says of images ─────────────────────────────────────────────────────────────────────────────────

    def set_status(self, indices: Sequence[int], status: str) -> None:
        """Give images a state of work, and keep it."""
        images = self._session.images
        for index in indices:
            images.set_badge(images[index].key, replace(images.badge(index), status=status))
        self._store({images[index].key: {"status": status} for index in indices})

    def set_note(self, indices: Sequence[int], note: str) -> None:
        """Note something of images; "" takes the note away."""
        self._remark(indices, lambda remark: replace(remark, note=note.strip()))

    def change_tags(self, indices: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """Add and remove tags of images."""

        def changed(remark: Remark) -> Remark:
            kept = [tag for tag in remark.tags if tag not in remove]
            return replace(remark, tags=tuple(dict.fromkeys([*kept, *add])))

        self._remark(indices, changed)

    def toggle_flag(self, indices: Sequence[int]) -> None:
        """Flag the images; where all are flagged, take the flags away."""
        if all(self._session.images.remark(index).is_flagged for index in indices):
            self.change_tags(indices, remove=[FLAG])
        else:
            self.change_tags(indices, add=[FLAG])

    def _remark(self, indices: Sequence[int], change: Callable[[Remark], Remark]) -> None:
        images = self._session.images
        changes: dict[str, dict[str, Any]] = {}
        for index in indices:
            remark = change(images.remark(index))
            changes[images[index].key] = {"note": remark.note, "tags": remark.tags}
            images.set_remark(images[index].key, remark)
        self._store(changes)

    def _store(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        project = self._session.project
        if project is not None and not project.read_only:
            try:
                project.update_images(changes)
            except (EnvironmentFault, UserError) as fault:
                self._session.notify.fault(fault)


def _words(remark: Remark | None, order: str) -> Sequence[str]:
    if remark is None:
        return ()
    return remark.tags if order == "tags" else (remark.note,)


def read_table(items: Sequence[ImageItem], project: Project, layer: str) -> ImageTable:
    """The table of `items` with what the project knows of one layer, or the best that it knows of each image."""
    table = ImageTable(items)
    index_of = {item.key: index for index, item in enumerate(items)}
    chosen: dict[str, PackedFacts] = {}
    beside: list[PackedFacts] = []
    for row in project.facts():
        if row.key not in index_of:
            continue
        if row.layer.startswith("prediction:"):
            beside.append(row)
        if layer in (BEST_KNOWN, row.layer):
            known = chosen.get(row.key)
            if known is None or _rank(row) >= _rank(known):
                chosen[row.key] = row
    rows = list(chosen.values())
    images = np.array([index_of[row.key] for row in rows], np.int64)
    table.load_facts(FactColumns.of([row.packed for row in rows]), images)
    _fill_from_predictions(table, beside, index_of)
    for key, last in project.last_edits().items():
        if (index := index_of.get(key)) is not None:
            table.words["person"].set(index, last.person)
            table.numbers["edited"][index] = datetime.fromisoformat(last.when).timestamp()
    return table


def _rank(row: PackedFacts) -> int:
    if row.layer == LABELS:
        return 2 if len(row.packed) > HEAD.itemsize else -1
    return 0 if row.layer == TRUTH else 1


def _fill_from_predictions(table: ImageTable, rows: list[PackedFacts], index_of: dict[str, int]) -> None:
    """How sure and how far apart the predictions are, also where the facts are the labels'."""
    heads = FactColumns.of([row.packed for row in rows]).heads
    images = np.array([index_of[row.key] for row in rows], np.int64)
    for name in ("confidence", "disagreement"):
        known = ~np.isnan(heads[name])
        unknown = np.isnan(table.numbers[name][images])
        table.numbers[name][images[known & unknown]] = heads[name][known & unknown]
