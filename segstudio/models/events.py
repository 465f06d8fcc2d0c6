"""What a model host tells about a request; every event carries the request's key."""

from __future__ import annotations

from dataclasses import dataclass

from segstudio.models.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Started:
    """The request left the queue."""

    key: str


@dataclass(frozen=True, slots=True)
class Progress:
    """`done` of `total` steps (0: unknown) of what `text` names: bytes of a download, tiles of an image."""

    key: str
    done: int
    total: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """The device line has changed: name, memory, why not another one."""

    key: str
    line: str


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of a request that succeeded; `cached` where it had been predicted before."""

    key: str
    prediction: Prediction
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The last event of a request that did not: one line, a hint, and whether somebody wanted it so."""

    key: str
    message: str
    hint: str = ""
    cancelled: bool = False


Event = Started | Progress | DeviceInfo | Done | Failed
