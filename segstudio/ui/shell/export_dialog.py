"""Export: choose format and target, read what will be lost, then write in the background."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
)

from segstudio.core.errors import UserError
from segstudio.formats.report import Loss, WriteReport
from segstudio.session.dataset import exporting
from segstudio.session.jobs import Job
from segstudio.session.session import Session

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

FORMATS = (
    ("coco-instances", "COCO instances (JSON)"),
    ("coco-panoptic", "COCO panoptic (PNG + JSON)"),
    ("cityscapes", "Cityscapes gtFine"),
    ("class-id-png", "Class-id PNGs"),
    ("voc", "Pascal VOC"),
    ("ade20k", "ADE20K index PNGs"),
    ("labelme", "LabelMe JSON"),
    ("cvat", "CVAT for images 1.1"),
    ("yolo-seg", "YOLO segmentation"),
)
"""Formats that can be written, in the order in which they are offered."""


def target_for(session: Session, format: str) -> Path:
    """A folder that does not exist yet, beside the data set."""
    dataset = session.dataset
    assert dataset is not None
    root = dataset.root if dataset.root.is_dir() else dataset.root.parent
    name = f"{root.name}-{format}"
    candidates = (root.parent / (name if number == 1 else f"{name}-{number}") for number in range(1, 1000))
    return next(path for path in candidates if not path.exists())


class ExportDialog(QDialog):
    """Stays open while it checks; closes when the export was started."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Export")
        self.setMinimumWidth(560)
        self._session = window.session
        self._touched = False
        self._checking: Job | None = None
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        available = set(_writable())
        for name, title in FORMATS:
            if name in available:
                self.format.addItem(title, name)
        self.target = QLineEdit()
        self.target.setAccessibleName("Target folder")
        self.target.textEdited.connect(self._on_edited)
        browse = QPushButton("Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        row = QHBoxLayout()
        row.addWidget(self.target, 1)
        row.addWidget(browse)
        self.truth = QCheckBox("Images without labels keep their ground truth")
        self.provenance = QCheckBox("Tell of each label who made it, with which tool and model")
        self.report = QLabel()
        self.report.setWordWrap(True)
        self.report.setMinimumHeight(90)
        self.report.setContentsMargins(0, 5, 0, 0)
        self.report.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.report.setAccessibleName("What the format cannot hold")
        form = QFormLayout()
        form.addRow("Format", self.format)
        form.addRow("Into", row)
        form.addRow("", self.truth)
        form.addRow("", self.provenance)
        form.addRow("Losses", self.report)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setDefault(True)
        self.buttons.rejected.connect(self.reject)
        self.buttons.accepted.connect(self._export)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.format.currentIndexChanged.connect(self._check)
        self.truth.toggled.connect(self._check)
        self.provenance.toggled.connect(self._check)
        self._check()

    def _check(self, *_: object) -> None:
        name = self.format.currentData()
        if not self._touched:
            self.target.setText(str(target_for(self._session, name)))
        self.report.setText("Checking what this format cannot hold …")
        try:
            work = self._work()
        except UserError as error:
            self.report.setText(str(error))
            return
        self._checking = exporting.find_losses(self._session, work, name, self._show_losses)

    def _work(self) -> exporting.Snapshot:
        return exporting.snapshot(
            self._session, keep_truth=self.truth.isChecked(), provenance=self.provenance.isChecked()
        )

    def done(self, result: int) -> None:
        """Close; an answer that is still on its way must not find the dialog gone."""
        if self._checking is not None:
            self._checking.cancel()
        super().done(result)

    def _show_losses(self, losses: list[Loss]) -> None:
        if not losses:
            self.report.setText("Nothing is lost: everything in the labels fits this format.")
            return
        self.report.setText("\n".join(f"• {_told(loss)}" for loss in losses))

    def _on_edited(self, _: str) -> None:
        self._touched = True

    def _browse(self) -> None:
        dialog = QFileDialog(self, "Export into a new or empty folder", self.target.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(self._on_chosen)
        dialog.open()

    def _on_chosen(self, name: str) -> None:
        self._touched = True
        self.target.setText(name)

    def _export(self) -> None:
        session, name, target = self._session, self.format.currentData(), Path(self.target.text()).expanduser()

        def done(report: WriteReport) -> None:
            skipped = f", {len(report.skipped)} skipped: {report.skipped[0].reason}" if report.skipped else ""
            session.notify.info(f"{report.written} images exported to {report.path}{skipped}")

        try:
            work = self._work()
        except UserError as error:
            self.report.setText(str(error))
            return
        exporting.export(session, work, target, format=name, done=done)
        self.accept()


def _writable() -> list[str]:
    from segstudio import formats

    return [name for name in formats.names() if formats.registry.get(name).write is not None]


def _told(loss: Loss) -> str:
    if loss.mean_iou is None:
        return f"{loss.kind}: {loss.count:,}" + (f" ({loss.pixels:,} px)" if loss.pixels else "")
    images = "1 image" if loss.count == 1 else f"{loss.count:,} images"
    return f"{loss.kind}: {loss.pixels:,} px in {images}, mean IoU {100 * loss.mean_iou:.2f} %"
