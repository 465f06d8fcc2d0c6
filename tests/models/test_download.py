"""Downloads against a server on this machine: whole, resumed, wrong, cut off, cancelled, offline."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from segstudio.core.errors import Cancelled, EnvironmentFault, UserError
from segstudio.core.progress import CancelToken
from segstudio.models import download as download_module
from segstudio.models.download import download

CONTENT = bytes(range(256)) * 8000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Handler(BaseHTTPRequestHandler):
    ranges = True

    def do_GET(self):
        self.server.asked.append(self.headers.get("Range"))
        if self.path == "/missing":
            self.send_error(404)
            return
        body, status = CONTENT, 200
        wanted = self.headers.get("Range")
        if wanted and self.path != "/plain":
            body, status = CONTENT[int(wanted.removeprefix("bytes=").rstrip("-")) :], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.path == "/hang" and not wanted:
            self.wfile.write(body[:1000])
            self.wfile.flush()
            self.server.released.wait(20)
            return
        self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

    def log_message(self, *args):
        """Nothing on the console."""


@pytest.fixture
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked, server.released = [], threading.Event()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.released.set()
    server.shutdown()
    thread.join()
    server.server_close()


def url(server, path="/weights.pth"):
    return f"http://127.0.0.1:{server.server_port}{path}"


def test_a_file_arrives_whole_with_progress(server, tmp_path):
    seen = []
    target = download(
        url(server),
        tmp_path / "deep" / "w.pth",
        sha256=DIGEST,
        progress=lambda done, total, text="": seen.append((done, total)),
    )
    assert target.read_bytes() == CONTENT
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert len(seen) > 2
    assert [path.name for path in target.parent.iterdir()] == ["w.pth"]


def test_it_goes_on_where_it_stopped(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(CONTENT[:1000])
    download(url(server), tmp_path / "w.pth", sha256=DIGEST)
    assert server.asked == ["bytes=1000-"]
    assert (tmp_path / "w.pth").read_bytes() == CONTENT


def test_a_server_that_cannot_go_on_starts_anew(server, tmp_path):
    (tmp_path / "w.pth.part").write_bytes(b"x" * 1000)
    download(url(server, "/plain"), tmp_path / "w.pth", sha256=DIGEST)
    assert (tmp_path / "w.pth").read_bytes() == CONTENT


def test_a_connection_that_ends_early_keeps_what_came(server, tmp_path):
    with pytest.raises(UserError):
        download(url(server, "/cut"), tmp_path / "w.pth")
    assert not (tmp_path / "w.pth").exists()
    assert (tmp_path / "w.pth.part").stat().st_size == len(CONTENT) // 2


def test_cancel_keeps_what_came(server, tmp_path):
    token = CancelToken()
    with pytest.raises(Cancelled):
        download(url(server), tmp_path / "w.pth", cancel=token, progress=lambda done, total, text="": token.cancel())
    assert not (tmp_path / "w.pth").exists()
    assert 0 < (tmp_path / "w.pth.part").stat().st_size < len(CONTENT)
    download(url(server), tmp_path / "w.pth", sha256=DIGEST)


def test_other_bytes_than_promised_are_thrown_away(server, tmp_path):
    with pytest.raises(UserError, match="SHA-256"):
        download(url(server), tmp_path / "w.pth", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_the_beginning_of_a_digest_is_enough(server, tmp_path):
    download(url(server), tmp_path / "w.pth", sha256=DIGEST[:8])


def test_a_refusal_and_no_connection_say_where_to_put_the_file(server, tmp_path):
    with pytest.raises(UserError, match="404") as refused:
        download(url(server, "/missing"), tmp_path / "w.pth")
    assert str(tmp_path / "w.pth") in refused.value.hint
    with pytest.raises(UserError, match="cannot be reached") as offline:
        download("http://127.0.0.1:9/w.pth", tmp_path / "w.pth")
    assert str(tmp_path / "w.pth") in offline.value.hint
    assert "\n" not in str(offline.value)


def test_a_full_disk_is_said_before_anything_is_fetched(server, tmp_path, monkeypatch):
    class Full:
        free = 1000

    monkeypatch.setattr(download_module.shutil, "disk_usage", lambda folder: Full)
    with pytest.raises(EnvironmentFault, match="free"):
        download(url(server), tmp_path / "w.pth")


def test_only_web_addresses_are_fetched(tmp_path):
    with pytest.raises(UserError, match="not a web address"):
        download("file:///etc/passwd", tmp_path / "w.pth")


def test_a_server_that_falls_silent_is_given_up_and_what_came_is_kept(server, tmp_path, monkeypatch):
    monkeypatch.setattr(download_module, "TIMEOUT_S", 0.3)
    target, said = tmp_path / "w.pth", []
    with pytest.raises(UserError, match="cannot be reached: .*timed out"):
        download(url(server, "/hang"), target, progress=lambda done, total, text="": said.append((done, total)))
    assert said[-1] == (1000, len(CONTENT))
    assert not target.exists()
    server.released.set()
    assert download(url(server, "/hang"), target, sha256=DIGEST).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=1000-"]
