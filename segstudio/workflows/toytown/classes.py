"""The class ids of Toytown: the Cityscapes ids of the classes that the painter knows."""

from __future__ import annotations

from typing import Final

UNLABELED: Final = 0
EGO_VEHICLE: Final = 1
STATIC: Final = 4
ROAD: Final = 7
SIDEWALK: Final = 8
BUILDING: Final = 11
FENCE: Final = 13
POLE: Final = 17
TRAFFIC_LIGHT: Final = 19
TRAFFIC_SIGN: Final = 20
VEGETATION: Final = 21
TERRAIN: Final = 22
SKY: Final = 23
PERSON: Final = 24
RIDER: Final = 25
CAR: Final = 26
TRUCK: Final = 27
BUS: Final = 28
BICYCLE: Final = 33

NAMES: Final[dict[int, str]] = {
    UNLABELED: "unlabeled",
    EGO_VEHICLE: "ego vehicle",
    STATIC: "static",
    ROAD: "road",
    SIDEWALK: "sidewalk",
    BUILDING: "building",
    FENCE: "fence",
    POLE: "pole",
    TRAFFIC_LIGHT: "traffic light",
    TRAFFIC_SIGN: "traffic sign",
    VEGETATION: "vegetation",
    TERRAIN: "terrain",
    SKY: "sky",
    PERSON: "person",
    RIDER: "rider",
    CAR: "car",
    TRUCK: "truck",
    BUS: "bus",
    BICYCLE: "bicycle",
}

THINGS: Final[frozenset[int]] = frozenset({PERSON, RIDER, CAR, TRUCK, BUS, BICYCLE})
