"""A PostgreSQL server of one test run: made, asked over TCP with a password, and thrown away."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NAME, _WORD = "lockstep", "not a secret"
#: Who may run a server where the tests are run as root, which PostgreSQL refuses to be run by.
_OTHERS = ("postgres", "nobody")
_DEBIAN = "/usr/lib/postgresql"


def why_not() -> str:
    """Return why no server can be started here; empty if one can."""
    if _program("initdb") is None or _program("pg_ctl") is None:
        return "no initdb and pg_ctl: install PostgreSQL, or name a server by LOCKSTEP_POSTGRES_URL"
    if os.geteuid() == 0 and _other() is None:
        return f"PostgreSQL does not run as root, and there is no user {' or '.join(_OTHERS)}"
    return ""


@contextmanager
def server() -> Iterator[str]:
    """Start a server with an empty database; yield its URL; stop it and remove what it left."""
    home = Path(tempfile.mkdtemp(prefix="lockstep-postgres-"))  # pytest's own folders are private
    data, log, word = home / "data", home / "log", home / "word"
    word.write_text(_WORD, encoding="utf-8")
    if (user := _user()) is not None:
        for path in (home, word):
            shutil.chown(path, user)
    try:
        _run(user, "initdb", "-D", data, "-U", _NAME, "-A", "scram-sha-256", f"--pwfile={word}",
             "-E", "UTF8", "--no-locale", "--no-sync")  # fmt: skip
        port = _free_port()
        asked = f"-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off -k {home}"
        _run(user, "pg_ctl", "-D", data, "-l", log, "-w", "-t", "60", "-o", asked, "start")
        try:
            yield f"postgresql://{_NAME}:{_WORD.replace(' ', '%20')}@127.0.0.1:{port}/postgres"
        finally:
            _run(user, "pg_ctl", "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _run(user: str | None, name: str, *words: str | Path) -> None:
    program = _program(name)
    assert program is not None
    # no pipe: the server that pg_ctl leaves behind would hold it open
    subprocess.run([program, *map(str, words)], user=user, group=user and _group(user), cwd="/",
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True)  # fmt: skip


def _program(name: str) -> str | None:
    debian = sorted(Path(_DEBIAN).glob(f"*/bin/{name}"))
    return shutil.which(name) or (str(debian[-1]) if debian else None)


def _user() -> str | None:
    return _other() if os.geteuid() == 0 else None


def _other() -> str | None:
    import pwd

    known = {one.pw_name for one in pwd.getpwall()}
    return next((name for name in _OTHERS if name in known), None)


def _group(user: str) -> int:
    import pwd

    return pwd.getpwnam(user).pw_gid


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])
