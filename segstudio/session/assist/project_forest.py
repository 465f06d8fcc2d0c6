"""The forest of a project: what was painted in its images, fitted on idle, as a first answer for the next image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from segstudio.core.errors import UserError
from segstudio.core.layer import LABELS
from segstudio.session.jobs import Job, Lane
from segstudio.store.records import AUTOMATIC_KINDS

if TYPE_CHECKING:
    from segstudio.session.session import Session
    from segstudio.store import Project
    from segstudio.workflows.forest import Floats, Forest

_MOST_IMAGES = 24
"""Labelled images that are looked at when a project is learnt from anew."""
_LANE: Lane = "batch"

Samples = tuple["Floats", NDArray[np.int32]]


class ProjectForest:
    """Samples by image, and the forests that follow from them; `changed` is called at home after each new one."""

    def __init__(self, session: Session, changed: Callable[[], None]) -> None:
        self._session = session
        self._changed = changed
        self._samples: dict[str, Samples] = {}
        self._fitted: Forest | None = None
        self._loaded: Forest | None = None
        self._fitted_on = 0
        self.loaded_from: Path | None = None
        """The file that was loaded, None where none was."""

    @property
    def forests(self) -> tuple[Forest, ...]:
        """What is known from other images, none where nothing is."""
        return tuple(forest for forest in (self._fitted, self._loaded) if forest is not None)

    @property
    def images(self) -> int:
        """How many images the fitted forest has seen."""
        return self._fitted_on

    def forget(self) -> None:
        """Another project is open."""
        self._samples.clear()
        self._fitted = self._loaded = self.loaded_from = None
        self._fitted_on = 0

    def keep(self, key: str, features: Floats, class_ids: NDArray[np.int32]) -> None:
        """Remember the painted patches of an image, and fit anew when there is time."""
        if len(class_ids) == 0:
            self._samples.pop(key, None)
            return
        from segstudio.workflows.forest_session import PER_IMAGE, thinned

        chosen = thinned(class_ids, PER_IMAGE)
        self._samples[key] = features[chosen], class_ids[chosen]
        self._fit()

    def learn(self, done: Callable[[int], None]) -> Job:
        """Look at the labelled images of the project that were not looked at yet; `done` gets how many there were."""
        session = self._session
        project = session.project
        if project is None:
            raise UserError("no project is open")
        lut_of = session.classes.current
        badges = ((index, session.images.badge(index).status) for index in range(len(session.images)))
        known = [(session.images[index], status) for index, status in badges if status in ("labelled", "reviewed")]
        due = [(item, status) for item, status in known if item.key not in self._samples and item.path is not None]
        wanted = due[:_MOST_IMAGES]

        def work(job: Job) -> dict[str, Samples]:
            from segstudio.workflows.forest_session import NOTHING, PER_IMAGE, Patches, classes_of, thinned

            found: dict[str, Samples] = {}
            for number, (item, status) in enumerate(wanted):
                job.progress(number, len(wanted), item.key)
                annotation = project.load(item.key, LABELS)
                if annotation is None or annotation.labels_hw is None or item.path is None:
                    continue
                patches = Patches(session.pictures.get(item.path, item.page).image_hwc)
                if annotation.size_hw != patches.size_hw:
                    continue
                lut = class_lut(annotation.segments, lut_of.by_id)
                classes_hw = classes_of(patches.seen(annotation.labels_hw), lut)
                if status != "reviewed":
                    classes_hw[patches.seen(_automatic_hw(project, item.key, annotation.size_hw))] = NOTHING
                owners, class_ids = patches.painted(classes_hw)
                chosen = thinned(class_ids, PER_IMAGE)
                if len(chosen):
                    found[item.key] = patches.features[owners[chosen]], class_ids[chosen]
            return found

        def keep(found: dict[str, Samples]) -> None:
            self._samples.update(found)
            if found:
                self._fit()
            done(len(found))

        return session.jobs.submit(
            work, done=keep, failed=session.notify.fault, lane=_LANE, key="forest-learn", title="learning from labels"
        )

    def save(self, path: Path) -> Job:
        """Write what is known to a file; told when it is there. Raises `UserError` where nothing is known."""
        if not self._samples and self._loaded is None:
            raise UserError("there is no forest to save yet", hint="paint a dab of each class first")
        samples, loaded = list(self._samples.values()), self._loaded

        def work(job: Job) -> None:
            (_fitted(samples) if samples else loaded).save(path)  # type: ignore[union-attr]

        notify = self._session.notify
        return self._session.jobs.submit(
            work, done=lambda _: notify.info(f"forest saved as {path.name}"), failed=notify.fault, lane=_LANE
        )

    def load(self, path: Path, then: Callable[[], None] = lambda: None) -> Job:
        """Read a file that `save` wrote, `then` go on; its classes count as far as the open project has them."""

        def work(job: Job) -> Forest:
            from segstudio.workflows.forest import Forest

            return Forest.load(path)

        def done(forest: Forest) -> None:
            self._loaded, self.loaded_from = forest, path
            self._session.notify.info(f"forest {path.name} knows {len(forest.class_ids)} classes")
            self._changed()
            then()

        return self._session.jobs.submit(work, done=done, failed=self._session.notify.fault)

    def _fit(self) -> None:
        samples = list(self._samples.values())

        def done(forest: Forest) -> None:
            self._fitted, self._fitted_on = forest, len(samples)
            self._changed()

        self._session.jobs.submit(
            lambda job: _fitted(samples), done=done, failed=self._session.notify.fault, lane=_LANE, key="forest-fit"
        )


def _automatic_hw(project: Project, key: str, size_hw: tuple[int, int]) -> NDArray[np.bool_]:
    """The labels of an image that nobody painted, brought or looked through."""
    made = project.authors.raster(key, LABELS)
    return made.of_kinds(AUTOMATIC_KINDS) if made is not None else np.zeros(size_hw, np.bool_)


def class_lut(segments: Any, known: Any) -> NDArray[np.int32]:
    """int32 `[65536]`: the class of each segment id; nothing where there is none or the class set lacks it."""
    from segstudio.workflows.forest_session import NOTHING

    lut = np.full(65536, NOTHING, np.int32)
    for segment in segments:
        if segment.class_id in known:
            lut[segment.id] = segment.class_id
    return lut


def _fitted(samples: list[Samples]) -> Forest:
    from segstudio.workflows.forest import Forest

    return Forest.fit(np.concatenate([rows for rows, _ in samples]), np.concatenate([ids for _, ids in samples]))
