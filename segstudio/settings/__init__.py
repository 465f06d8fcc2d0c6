"""What a person can choose: a typed schema with a sentence for each choice, and a TOML file of what differs from it.

May import: core, platformdirs and the standard library.
Start at `schema.py`, then `file.py`; which keys mean what: `keymap.py`.
"""

from segstudio.settings.file import load_settings, read_settings, save_settings, settings_path
from segstudio.settings.folders import data_directory
from segstudio.settings.schema import SPECS, Settings, Spec

__all__ = [
    "SPECS",
    "Settings",
    "Spec",
    "data_directory",
    "load_settings",
    "read_settings",
    "save_settings",
    "settings_path",
]
