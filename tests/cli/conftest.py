"""Running verbs in this process, as the composition root would."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from segstudio.cli.main import run
from tests.workflows.conftest import coco_file, id_folder

__all__ = ["coco_file", "id_folder"]


@dataclass
class Outcome:
    """What a verb did: exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def document(self):
        """The one JSON document on stdout."""
        assert self.out.endswith("\n")
        return json.loads(self.out)

    @property
    def error(self):
        """The one line of a refusal: exit code 2, nothing on stdout, no traceback."""
        assert (self.code, self.out) == (2, "")
        assert self.err.startswith("error: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("error: ").rstrip("\n")


@pytest.fixture
def segstudio(capsys):
    """`segstudio("evaluate", "truth", "prediction")` → `Outcome`."""

    def call(*argv, **wiring):
        capsys.readouterr()
        code = run([str(text) for text in argv], **wiring)
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call
