"""What the inspector's docks share: one count of the data set, its regions, and the way to a region on the canvas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from segstudio.core.errors import UserError
from segstudio.metrics.error_regions import ErrorRegion, Pair
from segstudio.session.document import Document
from segstudio.session.inspect.confusion_regions import ConfusionRegions
from segstudio.session.inspect.inspection import Inspection
from segstudio.session.inspect.mend import zoom_box

if TYPE_CHECKING:
    from collections.abc import Callable

    from segstudio.ui.compare.region_mark import RegionMark
    from segstudio.ui.shell.main_window import MainWindow


class Desk(QObject):
    """One per window, made with the first dock. It counts only while one of its docks is to be seen."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.session = window.session
        self.inspection = Inspection(self.session)
        self.regions = ConfusionRegions(self.inspection)
        self.mark: RegionMark | None = None
        self._attended: set[QObject] = set()
        self._wanted: tuple[str, ErrorRegion] | None = None
        self.session.document_changed.connect(self._on_document)

    def attend(self, dock: QWidget) -> None:
        """Count while this widget is shown."""
        dock.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        """Start with the first dock that is shown, stop with the last that is hidden."""
        if event.type() == QEvent.Type.Show:
            self._attended.add(watched)
            self.inspection.start()
        elif event.type() == QEvent.Type.Hide and watched in self._attended:
            self._attended.discard(watched)
            if not self._attended:
                self.inspection.stop()
        return super().eventFilter(watched, event)

    def show_region(self, key: str, region: ErrorRegion) -> None:
        """Open the image where it is not open, and zoom to the region."""
        document = self.session.document
        if document is not None and document.key == key:
            self._zoom(document, region)
            return
        index = self.session.images.index_of(key)
        if index is not None:
            self._wanted = key, region
            self.session.go(index)

    def show_pair(self, pair: Pair) -> None:
        """Open the confusion matrix with the regions of one of its cells."""
        from segstudio.ui.inspect.confusion_dock import ConfusionDock

        dock = self.window.docks.show("inspect.confusion")
        assert isinstance(dock, ConfusionDock)
        dock.show_pair(pair)

    def tried(self, call: Callable[[], object]) -> bool:
        """Do something that may be refused; the reason is told. Whether it was done."""
        try:
            call()
        except UserError as error:
            self.session.notify.fault(error)
            return False
        return True

    def _on_document(self, document: Document | None) -> None:
        if document is None:
            # The one before is put away first.
            return
        wanted, self._wanted = self._wanted, None
        if wanted is not None and document.key == wanted[0]:
            self._zoom(document, wanted[1])

    def _zoom(self, document: Document, region: ErrorRegion) -> None:
        from segstudio.ui.compare.region_mark import RegionMark

        viewer = self.window.viewer
        viewer.zoom_to(zoom_box(region, document.size_hw))
        if self.mark is None:
            self.mark = RegionMark()
        self.mark.show_on(viewer, region.box)


def desk_of(window: MainWindow) -> Desk:
    """The desk of that window, made where there is none."""
    found: Desk | None = window.findChild(Desk)
    return found if found is not None else Desk(window)
