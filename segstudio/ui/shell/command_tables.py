"""The tables of commands that the window is made of, one class per subject, in the order of the palette."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from segstudio.ui.models.commands import ModelCommands
from segstudio.ui.shell.assist_commands import AssistCommands
from segstudio.ui.shell.dataset_commands import DatasetCommands
from segstudio.ui.shell.inspect_commands import InspectCommands
from segstudio.ui.shell.learn_commands import LearnCommands
from segstudio.ui.shell.object_commands import ObjectCommands
from segstudio.ui.shell.object_state_commands import ObjectStateCommands
from segstudio.ui.shell.onward_commands import OnwardCommands
from segstudio.ui.shell.origin_commands import OriginCommands
from segstudio.ui.shell.paint_commands import PaintCommands
from segstudio.ui.shell.preferences import PreferenceCommands
from segstudio.ui.shell.project_commands import ProjectCommands
from segstudio.ui.shell.prompt_commands import PromptCommands
from segstudio.ui.shell.room_commands import RoomCommands
from segstudio.ui.shell.tool_commands import ToolCommands
from segstudio.ui.shell.view_commands import ViewCommands

if TYPE_CHECKING:
    from collections.abc import Callable

    from segstudio.ui.shell.commands import Command
    from segstudio.ui.shell.main_window import MainWindow


class CommandTable(Protocol):
    """What a person can do about one subject. What is made by its calls is made at the first call."""

    def rows(self) -> list[Command]:
        """The rows of the window's table."""

    def checks(self) -> dict[str, bool]:
        """Which of the checkable commands, by id, are on now; asked again whenever the view changes."""


TABLES: tuple[Callable[[MainWindow], CommandTable], ...] = (
    ProjectCommands,
    PreferenceCommands,
    ViewCommands,
    RoomCommands,
    ObjectCommands,
    ObjectStateCommands,
    OnwardCommands,
    ToolCommands,
    PaintCommands,
    InspectCommands,
    OriginCommands,
    DatasetCommands,
    ModelCommands,
    AssistCommands,
    PromptCommands,
    LearnCommands,
)
MENUS = (
    ("&File", "file"),
    ("&Edit", "edit"),
    ("&Object", "object"),
    ("&View", "view"),
    ("&Image", "image"),
    ("&Classes", "classes"),
    ("&Tools", "tool"),
    ("&Model", "model"),
    ("&Assist", "assist"),
    ("I&nspect", "inspect"),
    ("&Help", "help"),
)
"""Title of a menu and the group of command ids ("file" of "file.open") that stand in it; a menu without any is left
out.
"""
ALSO = {
    "mode": "edit",
    "accept": "model",
    "learn": "model",
    "compare": "inspect",
    "errors": "inspect",
    "dataset": "inspect",
    "paint": "tool",
    "gaps": "tool",
}
"""Groups of command ids that stand in another group's menu."""
