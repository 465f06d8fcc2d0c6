"""Learning in a project that a team shares: the versions stay on this machine, the predictions go to everybody."""

from __future__ import annotations

import pytest

from segstudio.store import Project
from segstudio.store.place import TeamAddress, full_address
from segstudio.store.sharing import share
from segstudio.workflows.learning.request import FOREST, LearnRequest
from segstudio.workflows.learning.run import learn
from segstudio.workflows.learning.versions import Versions
from tests.store.conftest import address, database  # noqa: F401 (fixtures)
from tests.workflows.learning import town


def test_a_team_learns(tmp_path, address, monkeypatch):  # noqa: F811
    monkeypatch.setenv("SEGSTUDIO_DATA", str(tmp_path / "data"))
    file = town(tmp_path / "town", labelled=5)
    place = TeamAddress.parse(address)
    share(file, place)
    report = learn(LearnRequest(project=address, model=FOREST, predict=2))
    assert report["accepted"]
    versions = Versions.of(place)
    assert versions.folder.is_relative_to(tmp_path / "data")
    assert [one.name for one in versions.all()] == ["v1"]
    with Project.open(address, read_only=True) as seen:
        run = versions.all()[0].run
        assert [row.name for row in seen.runs()] == [run]
        assert {"view_05", "view_06"} <= seen.keys_with(f"prediction:{run}")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://maria:p%40ss%2Fword@db.example.org:5433/labels?project=town&sslmode=require",
        "postgresql://tester@/postgres?host=/tmp/socket&project=team_1",
        "postgresql:///labels",
    ],
)
def test_another_process_opens_the_same_address(url):
    place = TeamAddress.parse(url)
    assert TeamAddress.parse(full_address(place)) == place
    assert "p@ss/word" not in str(place)
