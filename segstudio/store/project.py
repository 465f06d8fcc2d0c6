"""The project as the rest of the program sees it: what it holds, and edits that are durable before the next begins."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from segstudio.core.class_set import ClassSet
from segstudio.core.dataset import ImageItem
from segstudio.core.errors import UserError
from segstudio.core.layer import Annotation, Layer
from segstudio.core.progress import CancelToken, Progress, no_progress
from segstudio.core.transaction import Edit
from segstudio.store import (
    backups,
    changes,
    fact_rows,
    history,
    image_rows,
    journal,
    layers,
    meta,
    opening,
    origin_rows,
    replacing,
    retention,
    run_rows,
    saved_filters,
    sharing,
    team_opening,
)
from segstudio.store.access import Access
from segstudio.store.authors import Authors
from segstudio.store.copies import copy_file
from segstudio.store.fact_rows import LastEdit, PackedFacts
from segstudio.store.image_facts import ImageFacts
from segstudio.store.image_rows import ImageRows
from segstudio.store.opening import Opened
from segstudio.store.origin_replay import Origin
from segstudio.store.origins import Origins
from segstudio.store.place import Place, TeamAddress, place_of
from segstudio.store.records import DatasetSource, EditRow, ImageRow, Receipt, RunRow, ScoreRow, VersionRow

T = TypeVar("T")
IMAGES_PER_TRANSACTION = 1000
"""Small enough that a stroke which waits for a running import waits a few milliseconds."""
HISTORY_MEGABYTES = 256
"""What a project file keeps of replaced states unless the person says otherwise."""


class Project(Access):
    """An open `*.segproj` file.

    Every method may be called from any thread. Writes run one after another on a thread of their own, each in one
    transaction. `notes` says in plain words what is unusual about this opening (read-only and why, recovered, slow).
    """

    _trimming: retention.Trimming | None = None

    @classmethod
    def create(
        cls,
        path: str | Path | TeamAddress,
        *,
        class_set: ClassSet,
        name: str = "",
        dataset_source: DatasetSource | None = None,
    ) -> Project:
        """Make a new project, a file or at a team's address (see `place.TeamAddress`), and open it.

        Raises `UserError` where there is a file already, `EnvironmentFault` where none can be written.
        """
        place = place_of(path)
        if isinstance(place, TeamAddress):
            team_opening.make(place, class_set=class_set, name=name or place.name, dataset_source=dataset_source)
        else:
            opening.make_file(place, class_set=class_set, name=name or place.stem, dataset_source=dataset_source)
        return cls.open(place)

    @classmethod
    def open(
        cls, path: str | Path | TeamAddress, *, read_only: bool = False, history_megabytes: int = HISTORY_MEGABYTES
    ) -> Project:
        """Open a project to work on it, or only to read where `read_only` is asked for or nothing else is possible.

        A file that another program holds, that lies on read-only media or whose structure is damaged opens read-only,
        and `notes` says why. What edits replaced is kept up to `history_megabytes`. Raises `UserError` for a file that
        is missing, no project, newer than this program or damaged beyond reading; no such file is ever changed.
        """
        place = place_of(path)
        if isinstance(place, TeamAddress):
            return cls._of(place, team_opening.open_team(place, read_only=read_only))
        opened = opening.open_file(place, read_only=read_only)
        project = cls._of(place, opened)
        if opened.lane is not None:  # in the background; where it fails, only space is lost
            project._trimming = retention.Trimming(project._retained, history_megabytes * 2**20)
        return project

    @classmethod
    def _of(cls, place: Place, opened: Opened) -> Project:
        try:
            return cls(place, opened)
        except BaseException:
            opened.abandon()
            raise

    def close(self, *, discard: bool = False) -> None:
        if self._trimming is not None:
            self._trimming.stop()
        super().close(discard=discard)

    # ── facts about the project ──────────────────────────────────────────────────────────────────────────────────

    @property
    def class_set(self) -> ClassSet:
        """The classes that all images of the project share."""
        return self._class_set

    def set_class_set(self, class_set: ClassSet) -> None:
        """Replace the classes; an edit that changes them hands them to `record` instead."""
        before = self._class_set
        self._writer.run(lambda connection: changes.put_classes(connection, class_set, before, self.path))
        self._class_set = class_set

    def refresh_class_set(self) -> ClassSet:
        """The classes as they are stored now, which is news where a team shares them."""
        self._settle()
        self._class_set = self._read(self._read_facts)[1]
        return self._class_set

    @property
    def dataset_source(self) -> DatasetSource | None:
        """The data set that the project was made from, where there is one."""
        found = self._read(lambda connection: meta.get(connection, "dataset_source", self.path))
        return None if found is None else opening.dataset_source(found, self._folders.project)

    def set_dataset_source(self, path: str | Path, format: str) -> None:
        """Say where the data set lies (now); pictures that lie inside it are found from there."""
        fact = opening.dataset_fact(DatasetSource(Path(path), format), self._folders.project)
        self._writer.run(lambda connection: meta.put(connection, "dataset_source", fact))
        self._folders = self._read(self._read_facts)[2]

    # ── images ───────────────────────────────────────────────────────────────────────────────────────────────────

    def add_images(
        self,
        items: Sequence[ImageItem],
        *,
        progress: Progress = no_progress,
        cancel: CancelToken | None = None,
    ) -> int:
        """Add images in order; keys that are there already are left alone. Returns how many were new.

        Writes in portions, so that edits go on meanwhile; what was written when `cancel` is seen stays.
        """
        added = 0
        for start in range(0, len(items), IMAGES_PER_TRANSACTION):
            if cancel is not None:
                cancel.raise_if_cancelled()
            portion = items[start : start + IMAGES_PER_TRANSACTION]
            work = partial(image_rows.add, items=portion, roots=self._folders, path=self.path)
            added += self._writer.run(work)
            progress(start + len(portion), len(items), "adding images")
        return added

    def images(self) -> Sequence[ImageRow]:
        """Every image, in the order of adding. Raises `UserError` where one is damaged or missing."""
        rows = self.image_rows()
        rows.check()
        return rows[:]

    def image_rows(self) -> ImageRows:
        """Every image at once, to be checked later (`ImageRows.check`): what a large project is opened with."""
        return self._read(lambda connection: image_rows.read_all(connection, self._folders, self.path))

    def set_status(self, key: str, status: str) -> None:
        """Set an image's state of work (see `records.STATUSES`)."""
        self.update_image(key, status=status)

    def update_image(
        self,
        key: str,
        *,
        status: str | None = None,
        note: str | None = None,
        tags: Sequence[str] | None = None,
        size_hw: tuple[int, int] | None = None,
    ) -> None:
        """Change what is given of an image; raises `UserError` for an unknown key."""
        self.update_images({key: {"status": status, "note": note, "tags": tags, "size_hw": size_hw}})

    def update_images(self, changes: Mapping[str, Mapping[str, Any]]) -> None:
        """`update_image` of many, by key, in one transaction."""
        given = {key: image_rows.columns_of(**values) for key, values in changes.items()}

        def write(connection: Connection) -> None:
            for key, values in given.items():
                image_rows.change(connection, key, values, self.path)

        self._writer.run(write)

    def identity_of(self, key: str) -> str:
        """Which file an image's picture was, by its content; "" where that was never noted."""
        return self._read(lambda connection: image_rows.identity_of(connection, key))

    def note_identity(self, key: str, identity: str) -> None:
        """Say which file an image's picture is, by its content; raises `UserError` for an unknown key."""
        self._writer.run(lambda connection: image_rows.note_identity(connection, key, identity, self.path))

    # ── labels ───────────────────────────────────────────────────────────────────────────────────────────────────

    def layer_names(self, key: str) -> list[str]:
        """The layers that are stored of an image."""
        return self._read(lambda connection: layers.names(connection, key))

    def keys_with(self, layer_name: str) -> frozenset[str]:
        """The images of which that layer is stored, in one question for all."""
        self._settle()
        return self._read(lambda connection: layers.keys_with(connection, layer_name))

    def load(self, key: str, layer_name: str) -> Annotation | None:
        """The layer as its last committed edit left it; None where none is stored.

        Raises `UserError` where any part of it is damaged, `EnvironmentFault` while an edit of it could not be
        written.
        """
        self._settle()
        return self._read(partial(self._load, key=key, layer_name=layer_name))

    def _load(self, connection: Connection, key: str, layer_name: str) -> Annotation | None:
        if self._opened.leases is not None:
            self._opened.leases.saw(connection, layers.image_id(connection, key, self.path))
        return layers.load(connection, key, layer_name, self.path)

    def save_annotation(
        self,
        key: str,
        layer_name: str,
        annotation: Annotation,
        *,
        locked: bool = False,
        run: str = "",
        origin: Origin | None = None,
    ) -> None:
        """Store a whole layer in the place of the one of that name; returns once it is durable.

        `origin` says who made these labels, where that is known; without it and unless `locked`, what they were before
        can be gone back to as before an edit (see `replacing.by_an_edit`).
        """
        if not locked and origin is None and replacing.by_an_edit(self, key, layer_name, annotation):
            return
        head = layers.head_of(layer_name, annotation, locked=locked, run=run)

        def write(connection: Connection) -> None:
            owner = layers.image_id(connection, key, self.path)
            history.forget(connection, owner, layer_name)
            fact_rows.forget(connection, owner, layer_name)
            origin_rows.begin_anew(connection, owner, layer_name, origin)
            layers.save(connection, owner, head, annotation)

        self._queue.replace_layer(key, layer_name, write).result()

    def record(
        self,
        key: str,
        layer: Layer,
        edit: Edit,
        *,
        undo: bool = False,
        class_set: ClassSet | None = None,
        facts: ImageFacts | None = None,
    ) -> Receipt:
        """Store one committed, undone or redone edit in one transaction that holds just what it touched.

        Copies from `layer` before it returns, so the next edit may start at once; the edit before is durable by then.
        `class_set` is the set that holds from now on, where the edit changed it; `facts` are the layer's after the
        edit. Raises `EnvironmentFault` where the edit before could not be written and cannot be now: nothing is lost,
        both are tried again with the next `record`, `flush` or `close`.
        """
        queue, before = self._queue, self._class_set
        if class_set is not None:
            self._class_set = class_set
        return queue.record(key, layer, edit, is_undo=undo, class_set=class_set, facts=facts, classes_before=before)

    # ── history, runs, scores ────────────────────────────────────────────────────────────────────────────────────

    def edits(self, key: str | None = None, *, limit: int | None = None) -> list[EditRow]:
        """The journal, oldest first, of one image or of all; the newest `limit` lines."""
        self._settle()
        return self._read(lambda connection: journal.read(connection, self.path, key=key, limit=limit))

    @property
    def authors(self) -> Authors:
        """Who made the labels: by pixel, by image and over all images."""
        return Authors(self.path, read=self._read, settle=self._settle, writer=self._lane)

    def origins(self, key: str, layer_name: str) -> Origins:
        """Who made the labels of an image's layer, with which tool and from which model run, as the journal has it."""
        return self.authors.of(key, layer_name)

    def recovered(self) -> list[EditRow]:
        """After a crash: the edits of the sitting that ended so, oldest first, all of them durable."""
        after = self._opened.recovered_after
        if after is None:
            return []
        return self._read(lambda connection: journal.read(connection, self.path, key=None, limit=None, after=after))

    def state_after(self, key: str, layer_name: str, edit_id: int) -> Annotation:
        """A layer as it was after an edit of the journal (0 = before the first), to be restored by an edit.

        Raises `UserError` where that state is no longer kept (see `trim_history`).
        """
        self._settle()
        return self._read(lambda connection: history.state_after(connection, key, layer_name, edit_id, self.path))

    def trim_history(self, megabytes: int) -> int:
        """Keep at most so much of what edits replaced, the newest; returns how many edits can no longer be undone.

        Who made what is still known of all.
        """
        self._settle()
        return retention.trim(self._retained, megabytes * 2**20)

    @property
    def _retained(self) -> retention.Retained:
        return retention.Retained(self.path, self._read, self._writer)

    def add_version(self, name: str, *, person: str = "", key: str = "") -> VersionRow:
        """Name the state of image `key`, or of the whole project, as it is now. Raises `UserError` for a taken name."""
        self._settle()
        return self._writer.run(lambda c: history.add_version(c, name, person, self.path, key=key))

    def versions(self, key: str = "") -> list[VersionRow]:
        """The named states of the project, oldest first, with `key` followed by those of that image.

        `state_after(key, layer, version.edit_id)` gives an image's.
        """
        found = self._read(lambda connection: history.read_versions(connection, self.path))
        if key:
            found += self._read(lambda connection: history.read_image_versions(connection, self.path, key=key))
        return found

    def remove_version(self, name: str, *, key: str = "") -> None:
        """Forget a name given to a state of image `key` or of the project; the state may be trimmed from then on."""
        self._writer.run(lambda connection: history.remove_version(connection, name, self.path, key=key))

    def runs(self) -> list[RunRow]:
        """The model runs, oldest first."""
        return self._read(lambda connection: run_rows.read_runs(connection, self.path))

    def add_run(
        self,
        name: str,
        *,
        model: str,
        weights_hash: str = "",
        settings: Mapping[str, Any] | None = None,
        device: str = "",
    ) -> RunRow:
        """Note a model run, whose layers are `prediction:<name>`. Raises `UserError` where the name is taken."""
        row = RunRow(name, model, weights_hash, dict(settings or {}), device, journal.now())
        self._writer.run(lambda connection: run_rows.add_run(connection, row, self.path))
        return row

    def note_weights(self, run: str, weights_hash: str) -> None:
        """Say that a run uses other weights from now on; raises `UserError` where there is no such run."""
        when = journal.now()
        self._writer.run(lambda connection: run_rows.note_weights(connection, run, weights_hash, when, self.path))

    def scores(self, layer_name: str, keys: Sequence[str] | None = None) -> list[ScoreRow]:
        """The confusion counts of a layer over all images that have them, or these; an edit of the layer drops them."""
        self._settle()
        return self._read(lambda connection: run_rows.read_scores(connection, layer_name, self.path, keys=keys))

    def scored_keys(self, layer_name: str) -> list[str]:
        """The images of which that layer has confusion counts."""
        return self._read(lambda connection: run_rows.scored_keys(connection, layer_name))

    def set_score(self, key: str, layer_name: str, counts: NDArray[np.int64], missed: NDArray[np.int64]) -> None:
        """Store the confusion counts int64 `[C, C]` (rows are truth) and missed pixels `[C]` of an image's layer."""

        def write(connection: Connection) -> None:
            owner = layers.image_id(connection, key, self.path)
            run_rows.put_score(connection, owner, layer_name, counts, missed)

        self._writer.run(write)

    # ── facts about images ───────────────────────────────────────────────────────────────────────────────────────

    def facts(self) -> list[PackedFacts]:
        """What is known of every layer without reading it; layers that are missing can be looked through anew."""
        self._settle()
        return self._read(fact_rows.read_all)

    def put_facts(self, rows: Sequence[tuple[str, str, ImageFacts]]) -> None:
        """Store the facts of many (image key, layer name)."""
        self._writer.run(lambda connection: fact_rows.put_many(connection, rows))

    def keys_with_facts(self, layer_name: str) -> frozenset[str]:
        """The images of which the facts of that layer are known."""
        return self._read(lambda connection: fact_rows.keys_with(connection, layer_name))

    def layers_without_facts(self) -> list[tuple[str, str]]:
        """(image key, layer name) of the stored layers that nothing is known of yet."""
        self._settle()
        return self._read(fact_rows.layers_without)

    def last_edits(self) -> Mapping[str, LastEdit]:
        """Who edited an image last and when, by image key."""
        self._settle()
        return self._read(fact_rows.last_edits)

    @property
    def saved_filters(self) -> Mapping[str, str]:
        """The questions that were given a name, as text by name."""
        return self._read(lambda connection: saved_filters.read(connection, self.path))

    def save_filter(self, name: str, query: str | None) -> None:
        """Keep a question under a name; None forgets it."""
        self._writer.run(lambda connection: saved_filters.put(connection, name, query, self.path))

    # ── the file ─────────────────────────────────────────────────────────────────────────────────────────────────

    def save_copy(self, path: str | Path) -> None:
        """Write the project as it is now to another file, whole and checked; pictures stay where they are."""
        target = Path(os.path.abspath(path))
        if target == self.path:
            raise UserError(f"{target}: a project cannot be copied onto itself")
        self.flush()
        if isinstance(self.path, TeamAddress):
            sharing.save_as_file(self.path, target)
        else:
            copy_file(self.path, target, folder=self._folders.project)

    def back_up(self, *, keep: int = 5, minutes: int = 60) -> Path | None:
        """Write a backup beside the file where the newest is older than `minutes`, and keep the `keep` newest.

        None where none is due. Raises `EnvironmentFault` where it cannot be written; older backups stay then.
        """
        self.flush()
        if isinstance(self.path, TeamAddress):
            return None  # a server has backups of its own
        return backups.back_up_if_due(self.path, keep=keep, minutes=minutes)
