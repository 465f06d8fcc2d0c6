"""Which aids of the view a person has switched on, kept from one start to the next."""

from __future__ import annotations

from dataclasses import replace

from segstudio.core.errors import EnvironmentFault
from segstudio.session.notify import Notifier
from segstudio.session.view import ViewState

AIDS = ("keep_zoom", "pixel_grid", "minimap", "rulers", "crosshair")
"""The fields of the view that are kept."""


def restore_aids(view: ViewState) -> None:
    """Switch on what was on last, and off what was off."""
    from segstudio.settings import load_settings

    chosen = load_settings().view_aids
    view.set(**{name: name in chosen for name in AIDS})


def remember_aids(view: ViewState, notify: Notifier) -> None:
    """Write down what is on now; a folder that takes no files is told, and costs nothing else."""
    from segstudio.settings import load_settings, save_settings

    try:
        save_settings(replace(load_settings(), view_aids=tuple(name for name in AIDS if getattr(view.now, name))))
    except EnvironmentFault as fault:
        notify.fault(fault)
