"""Progress where nobody watches a terminal: a line now and then, none for what is done at once."""

from io import StringIO

from segstudio.cli import console


def test_progress_goes_to_a_log_as_a_line_every_few_seconds(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    monkeypatch.setattr("sys.stderr", log := StringIO())
    with console.Console(as_json=True).working() as progress:
        progress(1, 40, "a")
        assert log.getvalue() == ""
        now[0] += 6
        progress(12, 40, "b")
        progress(13, 40, "c")
        now[0] += 6
        progress(25, 0)
    assert log.getvalue().splitlines() == ["progress: 12 of 40 b", "progress: 25"]
