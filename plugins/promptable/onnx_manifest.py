"""What `segmenter.toml` says of an encoder and a decoder in ONNX files, and whether the files are those.

    name = "MobileSAM"
    decoder_kind = "sam"          # "sam" (also MobileSAM, SAM-HQ), "sam2", "efficient-sam"
    side = 1024                   # the longer side of what the encoder sees
    resize = "pad"                # "pad": lower right of a square is empty; "stretch"; "long": no padding; "none"
    layout = "nchw"               # or "hwc": [H, W, 3], as some exporters build the rest of the transform in
    mean = [123.675, 116.28, 103.53]    # in units of 0…255
    std = [58.395, 57.12, 57.375]

    [encoder]
    file = "encoder.onnx"
    sha256 = "…"

    [decoder]
    file = "decoder.onnx"
    sha256 = "…"

Names and both tables are needed; the rest is, where it is left out, what the public exporters of each kind build in.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segstudio.plugins.api import UserError

MANIFEST = "segmenter.toml"
Triple = tuple[float, float, float]
_MEAN, _STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@dataclass(frozen=True, slots=True)
class Transform:
    """How a picture becomes the input of an encoder; mean and deviation in units of 0…255."""

    resize: str
    layout: str = "nchw"
    mean: Triple = _MEAN
    std: Triple = _STD


TRANSFORMS: Mapping[str, Transform] = {
    "sam": Transform("pad"),
    "sam2": Transform("stretch"),
    # The export takes any size, and stretches and normalises itself (EfficientSAM, `onnx_models.py`).
    "efficient-sam": Transform("none", mean=(0.0, 0.0, 0.0), std=(255.0, 255.0, 255.0)),
}
"""What the exporters of each kind expect: segment-anything, samexporter, EfficientSAM."""
_RESIZES, _LAYOUTS = ("pad", "stretch", "long", "none"), ("nchw", "hwc")
_OF_HWC = Transform("long", "hwc", (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@dataclass(frozen=True, slots=True)
class PairManifest:
    """What a manifest says, the files found and their hashes right."""

    path: Path
    name: str
    encoder: Path
    decoder: Path
    hashes: tuple[str, str]
    kind: str
    side: int
    transform: Transform


def read_pair(path: Path) -> PairManifest:
    """Read a manifest, given by its folder or its own path, and check the hash of both files.

    Raises `UserError` naming what is wrong; a file that is not what the manifest says is never run.
    """
    path = path / MANIFEST if path.is_dir() else path
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        encoder, decoder = (path.parent / str(found[part]["file"]) for part in ("encoder", "decoder"))
        given = tuple(str(found[part]["sha256"]).lower() for part in ("encoder", "decoder"))
        kind, side = str(found.get("decoder_kind", "sam")), int(found.get("side", 1024))
        transform = _transform(found, kind)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: cannot be read as a manifest: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: {error} is missing or wrong", hint="encoder and decoder need a file and a sha256"
        ) from None
    choices = ((kind, tuple(TRANSFORMS)), (transform.resize, _RESIZES), (transform.layout, _LAYOUTS))
    for value, known in choices:
        if value not in known:
            raise UserError(f"{path}: {value!r} is not known", hint=f"known: {', '.join(known)}")
    if side < 16 or 0 in transform.std:
        raise UserError(f"{path}: side and std must be positive")
    _check_hashes(path, (encoder, decoder), (given[0], given[1]))
    name = str(found.get("name", path.parent.name))
    return PairManifest(path, name, encoder, decoder, (given[0], given[1]), kind, side, transform)


def check_shapes(manifest: PairManifest, encoder_shape: list[Any], decoder_inputs: set[str]) -> None:
    """Raises `UserError` where the networks are not those that the manifest tells of.

    `encoder_shape` is that of the encoder's input, words where it is free.
    """
    kind = kind_of(decoder_inputs)
    if kind != manifest.kind:
        raise UserError(
            f"{manifest.decoder}: its inputs are those of the kind {kind!r}, and {manifest.path.name} names "
            f"{manifest.kind!r}",
            hint=f'decoder_kind = "{kind}"',
        )
    layout = "hwc" if len(encoder_shape) == 3 else "nchw"
    if layout != manifest.transform.layout:
        raise UserError(
            f"{manifest.encoder}: takes pictures as {layout}, and {manifest.path.name} says "
            f"{manifest.transform.layout!r}",
            hint=f'layout = "{layout}"',
        )
    sides = encoder_shape[:2] if layout == "hwc" else encoder_shape[-2:]
    wrong = [side for side in sides if isinstance(side, int) and side != manifest.side]
    if wrong and manifest.transform.resize in ("pad", "stretch"):
        raise UserError(
            f"{manifest.encoder}: takes pictures of {sides[1]}×{sides[0]} pixels, and {manifest.path.name} says side = "
            f"{manifest.side}",
            hint=f"side = {max(wrong)}",
        )


def kind_of(decoder_inputs: set[str]) -> str:
    """The kind of a decoder by the names of its inputs."""
    if "batched_point_coords" in decoder_inputs:
        return "efficient-sam"
    return "sam2" if any(name.startswith("high_res_feats") for name in decoder_inputs) else "sam"


def _transform(found: Mapping[str, Any], kind: str) -> Transform:
    """What is said, and for the rest what is usual."""
    usual = TRANSFORMS.get(kind, TRANSFORMS["sam"])
    if str(found.get("layout", usual.layout)) == "hwc":
        usual = _OF_HWC
    said: dict[str, Any] = {name: str(found[name]) for name in ("resize", "layout") if name in found}
    said |= {name: _triple(found[name]) for name in ("mean", "std") if name in found}
    return replace(usual, **said)


def _check_hashes(path: Path, files: tuple[Path, Path], hashes: tuple[str, str]) -> None:
    for file, expected in zip(files, hashes, strict=True):
        if not file.is_file():
            raise UserError(f"{file}: there is no such file", hint=f"it is named in {path}")
        with file.open("rb") as content:
            if hashlib.file_digest(content, "sha256").hexdigest() != expected:
                raise UserError(f"{file}: not the file that {path.name} describes: its SHA-256 is another one")


def _triple(values: Any) -> Triple:
    red, green, blue = (float(value) for value in values)
    return red, green, blue
