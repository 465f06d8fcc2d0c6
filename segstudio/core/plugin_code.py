"""Code of a plugin folder, loaded by its path under a private package name when it is first needed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from segstudio.core.errors import UserError

PREFIX = "segstudio_plugin_"


def load_attribute(folder: Path, plugin_id: str, dotted: str) -> Any:
    """The object that `dotted` ("module.attribute") names in the plugin's folder; its module is imported once.

    The folder becomes the package `segstudio_plugin_<id>`, so that two plugins may both have a module `cards`. Raises
    `UserError` that names the plugin where its code fails to import, whatever it raised, or lacks the attribute.
    """
    package = _package(folder, plugin_id)
    module_name, _, attribute = dotted.rpartition(".")
    try:
        module = importlib.import_module(f"{package}.{module_name}")
    except Exception as error:  # noqa: BLE001 - whatever a plugin does wrong must cost this plugin only
        raise UserError(
            f"plugin {plugin_id!r}: {module_name}.py cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not hasattr(module, attribute):
        raise UserError(f"plugin {plugin_id!r}: {module_name}.py has no {attribute!r}")
    return getattr(module, attribute)


def _package(folder: Path, plugin_id: str) -> str:
    name = PREFIX + plugin_id.replace("-", "_")
    known = sys.modules.get(name)
    path = str(folder.resolve())
    if known is not None:
        if list(known.__path__) != [path]:
            raise UserError(f"two plugins call themselves {plugin_id!r}: {known.__path__[0]} and {path}")
        return name
    package = ModuleType(name, f"The plugin {plugin_id}.")
    package.__path__ = [path]
    package.__spec__ = importlib.util.spec_from_loader(name, loader=None, is_package=True)
    sys.modules[name] = package
    return name
