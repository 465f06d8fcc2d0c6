"""The keys of other programs, as far as they have the same commands; everything else keeps SegStudio's keys.

labelme: `labelme/config/default_config.yaml`. CVAT: the shortcut list of its documentation. napari:
`src/napari/utils/shortcuts.py` and the key bindings of its labels and shapes layers.
"""

from __future__ import annotations

from collections.abc import Mapping

Keys = tuple[str, ...]

_LABELME: dict[str, Keys] = {
    "file.open_images": ("Ctrl+O", "Ctrl+U"),
    "image.next": ("D", "Ctrl+Shift+D"),
    "image.previous": ("A", "Ctrl+Shift+A"),
    "tool.polygon": ("Ctrl+N",),
    "tool.rectangle": ("Ctrl+R",),
    "tool.select": ("Ctrl+J",),
    "edit.change_class": ("Ctrl+E",),
    "edit.delete": ("Delete",),
    "edit.undo": ("Ctrl+Z",),
    "object.duplicate": ("Ctrl+D",),
    "object.copy": ("Ctrl+C",),
    "object.paste": ("Ctrl+V",),
    "view.fit": ("Ctrl+F",),
    "view.actual": ("Ctrl+0",),
    "view.zoom_in": ("Ctrl++", "Ctrl+="),
    "view.zoom_out": ("Ctrl+-",),
    "view.overlays": ("T",),
    "file.save_copy": ("Ctrl+S",),
    "file.quit": ("Ctrl+Q",),
}

_CVAT: dict[str, Keys] = {
    "image.next": ("F",),
    "image.previous": ("D",),
    "tool.repeat": ("N",),
    "edit.undo": ("Ctrl+Z",),
    "edit.redo": ("Ctrl+Shift+Z", "Ctrl+Y"),
    "edit.delete": ("Delete", "Shift+Delete"),
    "object.copy": ("Ctrl+C",),
    "object.paste": ("Ctrl+V",),
    "object.forward": ("+", "="),
    "object.back": ("-", "_"),
    "object.merge": ("J",),
    "object.lock": ("L",),
    "object.hide": ("H",),
    "view.overlays": ("T, H",),
    "file.save_copy": ("Ctrl+S",),
    "help.keys": ("F1",),
    "file.settings": ("F2",),
    **{f"classes.choose_{number}": (f"Ctrl+{number % 10}",) for number in range(1, 11)},
}

_NAPARI: dict[str, Keys] = {
    "tool.eraser": ("1", "E"),
    "tool.brush": ("2", "P"),
    "tool.polygon": ("3",),
    "tool.fill": ("4", "F"),
    "tool.pick": ("5", "L"),
    "tool.pan": ("6", "Z"),
    "tool.smaller": ("[",),
    "tool.larger": ("]",),
    "classes.swap": ("X",),
    "paint.protect": ("B",),
    "view.fit": ("Ctrl+R",),
    "view.overlays": ("V",),
    "view.theme": ("Ctrl+Shift+T",),
    "edit.delete": ("Delete", "Backspace"),
    "edit.undo": ("Ctrl+Z",),
    "edit.redo": ("Ctrl+Shift+Z",),
    "object.copy": ("Ctrl+C",),
    "object.paste": ("Ctrl+V",),
    "file.save_copy": ("Ctrl+S",),
    "help.keys": ("Ctrl+Alt+/",),
}

PRESETS: Mapping[str, Mapping[str, Keys]] = {
    "segstudio": {},
    "labelme": _LABELME,
    "cvat": _CVAT,
    "napari": _NAPARI,
}
"""Keys by command id, by preset."""

TITLES: Mapping[str, str] = {"segstudio": "SegStudio", "labelme": "labelme", "cvat": "CVAT", "napari": "napari"}
