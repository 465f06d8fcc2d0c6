"""A plot that is only looked at: in the theme's colours, without menus, buttons and moving about."""

from __future__ import annotations

import pyqtgraph

from segstudio.ui.shell.theme import current_theme


class QuietPlot(pyqtgraph.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A `PlotWidget` whose menus go with it."""

    def __init__(self) -> None:
        super().__init__(background=None, enableMenu=False)
        # pyqtgraph makes a menu without a parent, which would outlive the plot.
        menu = self.getPlotItem().ctrlMenu
        menu.setParent(self, menu.windowFlags())
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.dress()

    def dress(self) -> None:
        """Take the colours of the theme in use."""
        theme = current_theme()
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(theme.line)
            axis.setTextPen(theme.dim)
