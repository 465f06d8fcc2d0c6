"""The tools, one file each: what the hand does on the canvas becomes one edit of the document.

May import: what `ui` may. Start at `tool.py` (what a tool is); `painting.py`, `region.py`, `area.py` hold what several
share, `asking.py` how a tool has something worked out in a worker.
"""

from segstudio.ui.canvas.tools.brush import BrushTool
from segstudio.ui.canvas.tools.colour_range import ColourRangeTool
from segstudio.ui.canvas.tools.cut import CutTool
from segstudio.ui.canvas.tools.cut_out import CutOutTool
from segstudio.ui.canvas.tools.eraser import EraserTool
from segstudio.ui.canvas.tools.figures import EllipseTool, RectangleTool
from segstudio.ui.canvas.tools.fill import FillTool
from segstudio.ui.canvas.tools.lasso import LassoTool
from segstudio.ui.canvas.tools.pan import PanTool
from segstudio.ui.canvas.tools.pick import PickTool
from segstudio.ui.canvas.tools.polygon import PolygonTool
from segstudio.ui.canvas.tools.prompt import PromptTool
from segstudio.ui.canvas.tools.scissors import ScissorsTool
from segstudio.ui.canvas.tools.select import SelectTool
from segstudio.ui.canvas.tools.smart_brush import SmartBrushTool
from segstudio.ui.canvas.tools.superpixel import SuperpixelTool
from segstudio.ui.canvas.tools.tool import Tool
from segstudio.ui.canvas.tools.vertex import VertexTool
from segstudio.ui.canvas.tools.wand import WandTool

TOOLS: tuple[type[Tool], ...] = (
    SelectTool,
    PanTool,
    BrushTool,
    SmartBrushTool,
    EraserTool,
    FillTool,
    WandTool,
    ColourRangeTool,
    SuperpixelTool,
    PolygonTool,
    ScissorsTool,
    LassoTool,
    RectangleTool,
    EllipseTool,
    CutOutTool,
    PromptTool,
    VertexTool,
    CutTool,
    PickTool,
)
"""In the order of the tool bar."""

__all__ = ["TOOLS", "Tool"]
