"""The menus: which command stands where, between which lines, and in which smaller menu.

A command that is not named here stands at the end of the menu of its group (see `command_tables`), so that a new one is
never lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QMenuBar

from segstudio.ui.shell.command_tables import ALSO, MENUS
from segstudio.ui.shell.language import say
from segstudio.ui.shell.recent_menu import RecentMenu

if TYPE_CHECKING:
    from segstudio.ui.shell.main_window import MainWindow

LINE = "-"
RECENT = "recent"
OTHERS = "*"
"""Where the commands stand that are named nowhere."""


@dataclass(frozen=True, slots=True)
class Sub:
    """A menu in a menu: its title, then ids and lines."""

    title: str
    entries: tuple[str, ...]


Entry = str | Sub


def _under(group: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{group}.{name}" for name in names)


LAYOUT: Mapping[str, tuple[Entry, ...]] = {
    "file": (
        *_under("file", "open_images", "open_dataset", "open_project", "open_team"),
        *(
            RECENT,
            "file.demo",
            LINE,
            "file.import_more",
            "file.save_copy",
            "file.export",
            "file.find_folder",
            OTHERS,
            LINE,
            "file.settings",
            LINE,
            "file.quit",
        ),
    ),
    "edit": (
        *("edit.undo", "edit.redo", LINE),
        *("object.copy", "object.paste", "object.duplicate", "edit.delete", LINE),
        *("object.select_all", "edit.change_class", OTHERS, LINE),
        *("mode.semantic", "mode.objects", "mode.toggle"),
    ),
    "object": (
        *_under("object", "merge", "split"),
        Sub("Com&bine", _under("object", "union", "subtract", "intersect", "xor")),
        Sub(
            "S&hape",
            (
                *_under("object", "fill_holes", "remove_specks", "grow", "shrink", "smooth", "simplify"),
                LINE,
                "object.convert",
            ),
        ),
        Sub("O&rder", _under("object", "to_front", "forward", "back", "to_back")),
        LINE,
        *_under("object", "rename", "crowd", "lock", "unlock_all"),
        LINE,
        *_under("object", "hide", "isolate", "show_all"),
        LINE,
        *_under("object", "copy_next", "propagate", "propagate_many"),
    ),
    "view": (
        *_under("view", "fit", "actual", "zoom_in", "zoom_out", "zoom_selection", "keep_zoom"),
        Sub("&Turn", _under("view", "rotate_cw", "rotate_ccw")),
        LINE,
        *_under("view", "overlays", "fill_style"),
        Sub("La&yers", _under("view", "labels", "truth", "prediction")),
        *_under("view", "errors", "error_class", "heat"),
        LINE,
        Sub("A&ids", _under("view", "minimap", "rulers", "pixel_grid", "crosshair")),
        OTHERS,
        LINE,
        *_under("view", "filmstrip", "panels"),
        *_under("view", "colour_blind", "theme"),
    ),
    "image": (
        *_under("image", "next", "previous", "first", "last"),
        LINE,
        *_under("image", "reviewed", "rejected", "comment"),
        *_under("dataset", "flag", "note", "tags", "to_labelling"),
    ),
    "classes": (
        *_under("classes", "search", "swap"),
        Sub("&Choose by digit", tuple(f"classes.choose_{number}" for number in range(1, 11))),
        LINE,
        *_under("classes", "hide", "protect"),
        LINE,
        *_under("classes", "add", "edit"),
    ),
    "tool": (
        *_under("tool", "select", "vertex", "pan"),
        LINE,
        *_under("tool", "brush", "smart_brush", "eraser", "fill"),
        Sub("&Regions", _under("tool", "wand", "colour_range", "superpixel", "cutout")),
        LINE,
        *_under("tool", "polygon", "scissors", "cut"),
        Sub("Sha&pes", _under("tool", "lasso", "rectangle", "ellipse")),
        LINE,
        *("tool.pick", OTHERS, "tool.repeat", LINE),
        Sub(
            "Pa&inting",
            (
                *_under("paint", "everywhere", "unlabelled", "only_over", "next_mode"),
                LINE,
                *_under("paint", "protect", "over_class", "over_bare"),
                LINE,
                *_under("tool", "smaller", "larger", "brush_square", "brush_screen"),
                LINE,
                *_under("gaps", "next", "show"),
            ),
        ),
        Sub("S&napping", _under("tool", "snapping", "shared_borders")),
    ),
    "model": (
        *_under("model", "predict", "predict_all", "look_ahead", "cancel"),
        LINE,
        *_under("accept", "here", "class", "all", "truth", "keep_human"),
        LINE,
        Sub("&Learn", _under("learn", "panel", "start", "pause", "cancel", "resume", "rank", "doubtful")),
        *(OTHERS, "model.browser", "model.clear_cache"),
    ),
    "assist": (
        *_under("assist", "segmenter", "everything", "track"),
        LINE,
        *_under("assist", "panel", "forest", "next_doubtful"),
        Sub("F&orest", _under("assist", "forest_position", "forest_save", "forest_load")),
        LINE,
        *_under("assist", "refine", "snap_boundary"),
        LINE,
        *_under("assist", "interpolate", "propagate_labels"),
    ),
    "inspect": (
        Sub("Com&pare", _under("compare", "panes", "swipe", "onion", "blink", "dataset", "take_a", "take_b")),
        *_under("errors", "next", "previous", "kinds"),
        LINE,
        *("inspect.dataset", "dataset.filter", "dataset.show_all", "dataset.next_worst", LINE),
        *_under("inspect", "statistics", "confusion", "what_if", "objects", "policy", "truth_queue", "people"),
        "inspect.origins",
    ),
    "help": ("help.palette", "help.keys", LINE, OTHERS, "help.about"),
}


def fill_menus(window: MainWindow, bar: QMenuBar) -> None:
    """Put every command of the window into the menu bar, once."""
    named = {name for entries in LAYOUT.values() for name in _names(entries)}
    others: dict[str, list[str]] = {}
    for name in window.commands.ids():
        group = name.partition(".")[0]
        if name not in named:
            others.setdefault(ALSO.get(group, group), []).append(name)
    for title, group in MENUS:
        entries = LAYOUT.get(group, (OTHERS,))
        if OTHERS not in entries:
            entries = (*entries, LINE, OTHERS)
        if group in LAYOUT or group in others:
            _fill(window, bar.addMenu(say(title)), entries, others.get(group, []))


def _fill(window: MainWindow, menu: QMenu, entries: tuple[Entry, ...], others: list[str]) -> None:
    known = set(window.commands.ids())
    for entry in entries:
        if isinstance(entry, Sub):
            _fill(window, menu.addMenu(say(entry.title)), entry.entries, [])
        elif entry == LINE:
            menu.addSeparator()
        elif entry == RECENT:
            menu.addMenu(RecentMenu(window))
        else:
            for name in others if entry == OTHERS else [entry]:
                if name in known:
                    menu.addAction(window.commands.action(name))


def _names(entries: tuple[Entry, ...]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, Sub):
            yield from _names(entry.entries)
        else:
            yield entry
