"""The composition root: argv, faults of last resort, the wiring of window and session; holds no state of its own."""

from __future__ import annotations

import faulthandler
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from segstudio.core.errors import UserError

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from segstudio.session import Session


def main(argv: Sequence[str] | None = None) -> int:
    """Run a verb of the command line, or open the window; returns the exit code."""
    from segstudio.cli.main import run

    return run(list(sys.argv[1:] if argv is None else argv), open_window=open_window, tour=tour)


def open_window(paths: Sequence[Path] = ()) -> int:
    """Open the main window on `paths[0]` (nothing: the welcome page) and run until it is closed.

    Raises `UserError` where nobody could see it, unless a platform was chosen by QT_QPA_PLATFORM.
    """
    if not has_display() and "QT_QPA_PLATFORM" not in os.environ:
        raise UserError("there is no display for the window", hint="segstudio demo --headless, or a verb: --help")
    # Before Qt: PySide6 reads the source of every module that is imported after it.
    from segstudio.session import Session

    app = make_application()
    from segstudio.ui.shell.endings import Endings
    from segstudio.ui.shell.main_window import MainWindow
    from segstudio.ui.shell.window_memory import WindowMemory

    session = Session()
    _install_hooks(session)
    window = MainWindow(session)
    memory = WindowMemory(window)
    memory.restore()
    endings = Endings(window)
    window.show()
    for path in paths[:1]:
        session.open_path(path)
    code = int(app.exec())
    endings.close()
    session.close()
    return code


def tour(dataset: Path, output: Path) -> int:
    """Go through the whole journey offscreen, as a person would with mouse and keys; see `ui.tour`."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # A tour is nobody's work: it leaves no trace in a person's settings.
    os.environ["SEGSTUDIO_CONFIG"] = str(output / "work")
    from segstudio.ui.tour import Tour, quiet_offscreen

    quiet_offscreen()
    app = make_application()

    return Tour(app, dataset, output).run()


def make_application() -> QApplication:
    """The QApplication, in the theme and the language that were chosen last."""
    # A GUI build of OpenCV that another package brought would point Qt at its own, foreign plugins.
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        os.environ.pop(name, None)
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from segstudio.settings import load_settings
    from segstudio.ui.shell.language import use_language
    from segstudio.ui.shell.preferences import dress

    app = QApplication.instance() or QApplication(["segstudio"])
    assert isinstance(app, QApplication)
    app.setApplicationName("SegStudio")
    app.setDesktopFileName("segstudio")
    settings = load_settings()
    dress(app, settings)
    use_language(app, settings.language)
    return app


def has_display() -> bool:
    """Whether a window can be seen: always on Windows and macOS, elsewhere where X or Wayland says so."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _install_hooks(session: Session) -> None:
    """Show what nobody caught in the window; the labels are on disk by then, edit by edit."""
    faulthandler.enable()

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.exit(130)
        sys.__excepthook__(kind, error, trace)
        session.jobs.home(lambda: session.notify.fault(error))

    def on_thread_exception(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            on_exception(args.exc_type, args.exc_value, args.exc_traceback)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception


if __name__ == "__main__":
    sys.exit(main())
