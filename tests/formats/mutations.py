"""Damage for files: what disks, networks, other programs and unfriendly people do to them, from a seeded generator."""

from __future__ import annotations

import copy
import json
import re

ODD_VALUES = [
    None,
    True,
    "x",
    "",
    -1,
    0,
    10**9,
    10**18,
    -(2**63),
    1e308,
    0.5,
    [],
    {},
    [[]],
    [[[1]]],
    [None],
    {"counts": [10**9], "size": [1, 1]},
    {"counts": "~~~~", "size": [4, 4]},
    {"counts": [5, -5, 16], "size": [4, 4]},
    "../../../etc/passwd",
    "/etc/passwd",
    "a\0b",
    "\ud800",
    "é" * 300,
    "x" * 5000,
]
ODD_NUMBERS = [b"NaN", b"Infinity", b"-1", b"1e400", b"999999999999999999999", b"0", b"0x1F", b"", b"-0.0", b"1,5"]
DEEP = b"[" * 3000 + b"]" * 3000


def flip_bits(data, rng):
    damaged = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        if damaged:
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def cut(data, rng):
    return data[: rng.randrange(len(data) + 1)]


def splice(data, rng):
    at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    filler = rng.choice([b"", b"\0" * 50, b"\xff" * 50, data[at:end] * 3, b"]}", DEEP])
    return data[:at] + filler + data[end:]


def replace_number(data, rng):
    found = list(re.finditer(rb"-?\d+\.?\d*", data[:200_000]))
    if not found:
        return flip_bits(data, rng)
    match = rng.choice(found)
    return data[: match.start()] + rng.choice(ODD_NUMBERS) + data[match.end() :]


def replace_node(data, rng):
    """Another value, or none, at a random place of a JSON document."""
    try:
        document = json.loads(data)
    except ValueError:
        return replace_number(data, rng)
    for _ in range(rng.randint(1, 3)):
        document = _replaced(document, rng)
    return json.dumps(document).encode()


def _replaced(document, rng):
    node = document
    path = []
    while isinstance(node, dict | list) and node and rng.random() < 0.85:
        key = rng.choice(list(node)) if isinstance(node, dict) else rng.randrange(len(node))
        path.append((node, key))
        node = node[key]
    if not path:
        return copy.deepcopy(rng.choice(ODD_VALUES))
    parent, key = path[-1]
    if rng.random() < 0.25:
        del parent[key]
    elif rng.random() < 0.2 and isinstance(parent, list):
        parent.append(parent[key])
    else:
        parent[key] = copy.deepcopy(rng.choice(ODD_VALUES))
    return document


MUTATIONS = (flip_bits, cut, splice, replace_number, replace_node, replace_node)


def mutated(data, name, rng):
    """The bytes of a file after one mutation that suits its kind."""
    textual = name.endswith((".json", ".txt", ".xml", ".yaml", ".csv"))
    chosen = rng.choice(MUTATIONS if textual else (flip_bits, cut, splice))
    return chosen(data, rng)
