"""The Qt face: it shows what the session holds and turns gestures into the session's calls; it computes nothing.

May import: session and workflows (and what their signatures name), Qt. Start at `shell/main_window.py`; the canvas
is `canvas/`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

__all__ = ["MainWindow"]


def __getattr__(name: str) -> object:
    if name == "MainWindow":
        from segstudio.ui.shell.main_window import MainWindow

        return MainWindow
    raise AttributeError(name)
