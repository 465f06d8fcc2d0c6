"""Which device a model runs on, and why not a faster one."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from segstudio.core.errors import UserError


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """A device and the sentence that explains it ("this torch was built without CUDA")."""

    device: torch.device
    reason: str

    def line(self) -> str:
        """The line of the status bar: name, memory used and free where the device tells, and the reason."""
        if self.device.type == "cuda":
            free, total = torch.cuda.mem_get_info(self.device)
            name = torch.cuda.get_device_name(self.device)
            return f"{name}: {_gib(total - free)} of {_gib(total)} GiB used, {_gib(free)} free"
        threads = torch.get_num_threads()
        where = "CPU" if self.device.type == "cpu" else self.device.type.upper()
        tail = f", {threads} thread{'s' if threads > 1 else ''}" if self.device.type == "cpu" else ""
        return f"{where}{tail} ({self.reason})" if self.reason else f"{where}{tail}"


def choose_device(wanted: str = "auto") -> DeviceChoice:
    """The device for "auto", "cpu", "cuda", "cuda:N" or "mps".

    "auto" takes CUDA, else MPS, else the CPU with the reason. Raises `UserError` with the reason where a device was
    asked for by name that is not to be had.
    """
    if wanted == "cpu":
        return DeviceChoice(torch.device("cpu"), "chosen")
    kind = wanted.partition(":")[0]
    if kind not in ("auto", "cuda", "mps"):
        raise UserError(f"there is no device {wanted!r}", hint="auto, cuda, mps or cpu")
    if kind in ("auto", "cuda"):
        why_not = why_no_cuda()
        if not why_not:
            return DeviceChoice(_cuda_device(wanted), "the fastest device here" if kind == "auto" else "chosen")
        if kind == "cuda":
            raise UserError(f"cannot run on CUDA: {why_not}", hint="device auto or cpu")
    if torch.backends.mps.is_available():
        return DeviceChoice(torch.device("mps"), "the fastest device here" if kind == "auto" else "chosen")
    if kind == "mps":
        raise UserError("cannot run on MPS: this is no Mac with Metal", hint="device auto or cpu")
    return DeviceChoice(torch.device("cpu"), why_not)


def why_no_cuda() -> str:
    """Why CUDA cannot be used, "" where it can."""
    if torch.version.cuda is None and torch.version.hip is None:
        return "this torch was built without CUDA"
    try:
        torch.zeros(1, device="cuda")
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        return "no NVIDIA driver was found" if "no NVIDIA driver" in str(error) else first
    return "" if torch.cuda.is_available() else "no CUDA device was found"


def _cuda_device(wanted: str) -> torch.device:
    index = wanted.partition(":")[2] or "0"
    if not index.isdigit() or int(index) >= torch.cuda.device_count():
        raise UserError(f"there is no device {wanted!r}: {torch.cuda.device_count()} CUDA devices are here")
    return torch.device("cuda", int(index))


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f}"
