"""The bottom line: what is under the cursor, zoom, running jobs with progress and cancel, and the device."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel, QProgressBar, QSizePolicy, QStatusBar, QToolButton, QWidget

from segstudio.session.jobs import Job
from segstudio.session.session import Session
from segstudio.ui.panels.pace import Pace
from segstudio.ui.shell.commands import Commands
from segstudio.ui.shell.elided import ElidedLabel
from segstudio.ui.shell.icons import icon
from segstudio.ui.shell.paint_options import PaintStatus


class StatusBar(QStatusBar):
    """Follows jobs and predictions of the session; the window tells it cursor and zoom."""

    def __init__(self, session: Session, commands: Commands, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._job: Job | None = None
        self.setSizeGripEnabled(False)
        self.under_cursor = ElidedLabel()
        self.under_cursor.setAccessibleName("Under the cursor")
        self.under_cursor.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hint = ElidedLabel()
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.job_text = QLabel()
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(120)
        self.progress.setAccessibleName("Progress")
        self.cancel = QToolButton()
        self.cancel.setIcon(icon("stop"))
        self.cancel.setToolTip("Cancel")
        self.cancel.setAccessibleName("Cancel the running job")
        self.cancel.clicked.connect(self._cancel)
        self.zoom = QLabel()
        self.zoom.setAccessibleName("Zoom")
        self.zoom.setContentsMargins(10, 0, 0, 0)
        self.device = QLabel()
        self.device.setAccessibleName("Device")
        self.device.setContentsMargins(8, 0, 10, 0)
        self.hint.setContentsMargins(12, 0, 0, 0)
        self.job_text.setContentsMargins(12, 0, 0, 0)
        self.under_cursor.setContentsMargins(8, 0, 0, 0)
        self.addWidget(self.under_cursor, 3)
        self.addWidget(self.hint, 5)
        self.paint = PaintStatus(session, commands)
        for widget in (self.paint, self.job_text, self.progress, self.cancel, self.zoom, self.device):
            self.addPermanentWidget(widget)
        self._pace = Pace(self, self.refresh, interval_ms=80)
        session.jobs.changed.connect(self._pace.ask)
        session.predictions.changed.connect(self._pace.ask)
        self.refresh()

    def show_hint(self, text: str) -> None:
        """Say what the tool in hand can do."""
        self.hint.setText(text)
        self.hint.setToolTip(text)

    def show_zoom(self, scale: float) -> None:
        """`scale` in screen pixels per image pixel."""
        percent = 100 * scale
        self.zoom.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def refresh(self) -> None:
        """Show the oldest running job and the device."""
        predictions = self._session.predictions
        active = self._session.jobs.active
        self._job = active[0] if active else None
        text, done, total = "", 0, 0
        if self._job is not None:
            text, done, total = self._job.title, self._job.done_items, self._job.total_items
        elif predictions.is_running:
            text, done, total = predictions.status, predictions.done_images, predictions.asked_images
        running = bool(text)
        for widget in (self.job_text, self.progress, self.cancel):
            widget.setVisible(running)
        self.hint.setVisible(not running)
        if running:
            more = f" (+{len(active) - 1})" if len(active) > 1 else ""
            count = f" – {min(done + 1, total)} of {total}" if total > 1 else ""
            self.job_text.setText(text + count + more)
            self.progress.setRange(0, total if total > 1 else 0)
            self.progress.setValue(done)
        self.device.setText(predictions.device_line)
        self.device.setToolTip(predictions.device_reason)

    def _cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()
        else:
            self._session.predictions.cancel()
