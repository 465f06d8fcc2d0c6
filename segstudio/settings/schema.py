"""Every setting: its name, default, range and the sentence that explains it."""

from __future__ import annotations

import math
from dataclasses import Field, dataclass, field, fields
from typing import Any

Value = bool | int | float | str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """What a setting may be: one of `choices` where there are any, within `low` … `high` where it is a number."""

    name: str
    default: Value
    sentence: str
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def checked(self, value: Any) -> Value:
        """The value in the setting's own type. Raises `ValueError` with the reason in words where it does not fit."""
        wanted = type(self.default)
        if wanted is float and type(value) is int:
            value = float(value)
        if wanted is tuple and isinstance(value, list) and all(isinstance(entry, str) for entry in value):
            value = tuple(value)
        if type(value) is not wanted:
            raise ValueError(f"must be {_IN_WORDS[wanted]}, not {value!r}")
        if self.choices and value not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, (int, float)) and not self.low <= value <= self.high:
            raise ValueError(f"must lie within {self.low:g} … {self.high:g}, not {value:g}")
        checked: Value = value
        return checked


_IN_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", tuple: "a list of texts"}


def _setting(
    default: Any,
    sentence: str,
    *,
    within: tuple[float, float] = (-math.inf, math.inf),
    choices: tuple[str, ...] = (),
) -> Any:
    return field(default=default, metadata={"sentence": sentence, "within": within, "choices": choices})


@dataclass(frozen=True, slots=True)
class Settings:
    """All choices at once; `dataclasses.replace` makes the next state."""

    theme: str = _setting("dark", "Colours of the window.", choices=("dark", "light"))
    language: str = _setting("", "Language as a code such as “en” or “fa”; empty follows the system.")
    font_scale: float = _setting(1.0, "Size of texts, relative to the system's.", within=(0.5, 3.0))
    shortcuts: str = _setting(
        "segstudio", "Which program's keys are used.", choices=("segstudio", "labelme", "cvat", "napari")
    )
    keys: tuple[str, ...] = _setting((), "Keys that differ from that program's, as “command=key; key”.")
    person: str = _setting("", "The name under which edits are recorded; empty takes the account's.")
    device: str = _setting("auto", "Where models run.", choices=("auto", "cuda", "mps", "cpu"))
    label_opacity: float = _setting(0.55, "Opacity of labels over the picture.", within=(0.0, 1.0))
    safe_colors: bool = _setting(False, "Show errors in colours that colour-blind people can tell apart.")
    brush_size: int = _setting(40, "Diameter of the brush when the program starts, in pixels.", within=(1, 1000))
    brush_follows_zoom: bool = _setting(False, "Keep the brush's size on the screen instead of in the picture.")
    view_aids: tuple[str, ...] = _setting(
        ("keep_zoom", "pixel_grid"),
        "What helps the eye on the canvas: keep_zoom, pixel_grid, minimap, rulers, crosshair.",
    )
    undo_megabytes: int = _setting(256, "Memory for undo over all images.", within=(16, 65536))
    picture_megabytes: int = _setting(1024, "Memory for decoded pictures.", within=(64, 65536))
    history_megabytes: int = _setting(
        256, "Space in the project file for going back to earlier states.", within=(0, 65536)
    )
    backups: int = _setting(5, "How many backups of a project are kept; 0 makes none.", within=(0, 100))
    backup_minutes: int = _setting(60, "Minutes of work between two backups.", within=(1, 1440))
    embed_view: bool = _setting(
        True, "Let segmenters see the part in view of large pictures on its own, for small things; costs an embedding."
    )
    embedding_megabytes: int = _setting(2048, "Space on the disk for embeddings of segmenters.", within=(64, 1048576))
    segmenter: str = _setting("", "The segmenter that AI points begin with: the one chosen last.")
    segmenter_folder: str = _setting("", "The folder chosen for its weights; empty: what lies on this machine.")
    safe_mode: bool = _setting(False, "Start without plugins that did not come with the program.")
    recent: tuple[str, ...] = _setting((), "What was opened last, newest first.")


def _spec(item: Field[Any]) -> Spec:
    default: Any = item.default
    low, high = item.metadata["within"]
    return Spec(item.name, default, item.metadata["sentence"], low, high, item.metadata["choices"])


SPECS: dict[str, Spec] = {item.name: _spec(item) for item in fields(Settings)}
"""The settings by name, in the order in which they are shown."""
