"""A PostgreSQL of the tests' own, started where Debian's packages (or a PATH) have one; else the tests are skipped."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`, the newest one."""
    found = sorted(_DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]), reverse=True)
    if found:
        return found[0].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


@contextmanager
def running_server(bin_dir: Path) -> Iterator[str]:
    """A fresh cluster that only a socket leads to; gives the address of its database without a project."""
    with tempfile.TemporaryDirectory(prefix="segstudio-pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        run = _as_somebody_else(folder)
        data = folder / "data"
        run([bin_dir / "initdb", "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"])
        options = f"-k {folder} -c listen_addresses='' -c shared_buffers=16MB -c max_connections=60"
        control = [bin_dir / "pg_ctl", "-D", data, "-w", "-l", folder / "log"]
        run([*control, "-o", options, "start"])
        try:
            yield f"postgresql://tester@/postgres?host={folder}"
        finally:
            run([*control, "-m", "immediate", "stop"])


def _as_somebody_else(folder: Path):
    """PostgreSQL refuses to run as root; then the unprivileged user that it came with runs it."""
    switch: list[str] = []
    if os.geteuid() == 0:
        account = next((n for n in ("postgres", "nobody") if _account(n) is not None), None)
        assert account is not None
        entry = _account(account)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
        switch = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]

    def run(command):
        done = subprocess.run(
            [*switch, *map(str, command)], cwd=folder, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout

    return run


def _account(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None
