"""Which keys run which command: the program's own, those of a preset, and what a person changed; and who has a key.

Keys are written as Qt's portable text ("Ctrl+Shift+Z"); a command may have several.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from segstudio.settings.presets import PRESETS

Keys = tuple[str, ...]
Keymap = dict[str, Keys]


def normal(key: str) -> str:
    """One spelling per key, for comparing: without regard to capitals, Backtab as Shift with Tab."""
    return key.casefold().replace("backtab", "tab")


def with_preset(defaults: Mapping[str, Keys], preset: str) -> Keymap:
    """The keys under a preset; a key that the preset gives to one command is taken from every other."""
    chosen = {name: keys for name, keys in PRESETS[preset].items() if name in defaults}
    taken = {normal(key) for keys in chosen.values() for key in keys}
    kept = {name: tuple(key for key in keys if normal(key) not in taken) for name, keys in defaults.items()}
    return {**kept, **chosen}


def with_changes(keymap: Mapping[str, Keys], changes: dict[str, Keys]) -> Keymap:
    """The keys with what a person changed; a key that was given to a command is taken from all others.

    Changes of commands that there are not (a plugin's that is away) are left alone.
    """
    owner = {normal(key): name for name, keys in reversed(changes.items()) if name in keymap for key in keys}
    return {
        name: tuple(key for key in changes.get(name, keys) if owner.get(normal(key), name) == name)
        for name, keys in keymap.items()
    }


def conflicts(keymap: Mapping[str, Keys]) -> dict[str, list[str]]:
    """Each key, spelt as first met, that more than one command has, with those commands."""
    owners: dict[str, list[str]] = {}
    spelling: dict[str, str] = {}
    for name, keys in keymap.items():
        for key in {normal(key): key for key in keys}.values():
            spelling.setdefault(normal(key), key)
            owners.setdefault(normal(key), []).append(name)
    return {spelling[key]: names for key, names in owners.items() if len(names) > 1}


def differences(keymap: Mapping[str, Keys], base: Mapping[str, Keys]) -> Keymap:
    """What a person changed, compared with the preset's keys."""
    return {name: keys for name, keys in keymap.items() if keys != base.get(name, ())}


def to_texts(changes: Mapping[str, Keys]) -> tuple[str, ...]:
    """Changes as the settings file keeps them: "tool.brush=B; Shift+B"."""
    return tuple(f"{name}={'; '.join(keys)}" for name, keys in sorted(changes.items()))


def from_texts(texts: Iterable[str]) -> Keymap:
    """The reverse of `to_texts`; lines without "=" are left out."""
    changes: Keymap = {}
    for text in texts:
        name, equals, keys = text.partition("=")
        if equals:
            changes[name.strip()] = tuple(key.strip() for key in keys.split("; ") if key.strip())
    return changes
