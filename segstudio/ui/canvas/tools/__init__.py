"""The tools, one file each: what the hand does on the canvas becomes one edit of the document.

May import: what `ui` may. Start at `tool.py` (what a tool is); `painting.py` and `region.py` hold what several share.
"""

from segstudio.ui.canvas.tools.brush import BrushTool
from segstudio.ui.canvas.tools.eraser import EraserTool
from segstudio.ui.canvas.tools.fill import FillTool
from segstudio.ui.canvas.tools.pan import PanTool
from segstudio.ui.canvas.tools.pick import PickTool
from segstudio.ui.canvas.tools.polygon import PolygonTool
from segstudio.ui.canvas.tools.select import SelectTool
from segstudio.ui.canvas.tools.tool import Tool
from segstudio.ui.canvas.tools.vertex import VertexTool

TOOLS: tuple[type[Tool], ...] = (
    SelectTool,
    PanTool,
    BrushTool,
    EraserTool,
    FillTool,
    PolygonTool,
    VertexTool,
    PickTool,
)
"""In the order of the tool bar."""

__all__ = ["TOOLS", "Tool"]
