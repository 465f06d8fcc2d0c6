"""Speed and size of both models, as measured on this machine by `segstudio bench models`."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from segstudio.workflows.measured_costs import costs_of

_HEAD = ("", "device", "how", "input", "FPS", "median ms", "95 % ms", "M parameters", "GMACs", "peak MiB")


class CostTable(QLabel):
    """What is not measured says how to measure it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.setWordWrap(True)
        self.setContentsMargins(4, 8, 4, 4)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setMinimumHeight(1)
        self.setAccessibleName("Speed and size")

    def show_models(self, a: str, b: str) -> None:
        """Show the measurements of two models by name."""
        rows, missing = [], []
        for letter, name in (("A", a), ("B", b)):
            found = costs_of(name)
            rows += [_cells(f"{letter} {name}", row) for row in found]
            if not found:
                missing.append(
                    f"{letter} {escape(name)}: not measured: run <code>segstudio bench models</code> with it."
                )
        head = "".join(f'<th align="right">{title}&nbsp;&nbsp;</th>' for title in _HEAD)
        body = "".join(
            "<tr>" + "".join(f'<td align="right">{cell}&nbsp;&nbsp;</td>' for cell in row) + "</tr>" for row in rows
        )
        table = f"<table><tr>{head}</tr>{body}</table>" if rows else ""
        note = (
            "One image at a time, after warm-up, synchronised. A GMAC is 10⁹ multiply-accumulates (half of what "
            "counters of FLOPs say). Peak memory is the device's on CUDA, the process's on a CPU."
        )
        self.setText("<br>".join([table, *missing, note] if rows else [*missing, note]))


def _cells(title: str, row: dict[str, object]) -> list[str]:
    size = row["input_size"]
    width, height = size if isinstance(size, list) else (0, 0)
    peak = row.get("peak_bytes")
    return [
        escape(title),
        escape(str(row["device"])),
        escape(str(row["how"])),
        f"{width}×{height}",
        *(f"{row[name]:.1f}" for name in ("fps", "median_ms", "p95_ms")),
        f"{float(str(row['parameters'])) / 1e6:.2f}",
        f"{row['gmacs']:.2f}",
        f"{peak / 2**20:.0f}" if isinstance(peak, (int, float)) else "–",
    ]
