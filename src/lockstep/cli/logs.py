"""What is told while a command runs: sentences on stderr, JSON lines in the run's directory.

The rooms below log what they do and configure nothing. Here it is decided who hears it: a person
hears what this room says, and with ``--verbose`` everything; ``run.log`` keeps everything.
"""

from __future__ import annotations

import codecs
import io
import json
import logging
import os
import sys
import traceback
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "run.log"
#: Between INFO and WARNING: what a user should read before the result.
NOTICE = 25
_ROOT = "lockstep"
_BEFORE_A_RUN = 10_000
#: A link in the place of the log is not followed.
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
#: Attributes of a record that are columns of their own; what else a caller gives is a field.
_OWN = {"event", "asset", "trace"}
_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

logging.addLevelName(NOTICE, "NOTICE")
_log = logging.getLogger(__name__)
#: For the log alone: the user reads of it in the error that ends the command.
_stages = logging.getLogger(f"{__name__}.stages")
_data = logging.getLogger(f"{_ROOT}.data")


def notice(sentences: Sequence[str]) -> None:
    """Tell the user, on stderr and in the log of the run."""
    for sentence in sentences:
        _log.log(NOTICE, "%s", sentence, extra={"event": "notice"})


def doubts(notes: Mapping[str, Sequence[str]]) -> None:
    """Log what the quality gate found in each asset's bars; the report says it, too."""
    for symbol, said in notes.items():
        for sentence in said:
            fields = {"event": "data.note", "asset": symbol}
            _data.warning("%s: %s", symbol, sentence, extra=fields)


def visible(text: str) -> str:
    """Return text for a terminal: what does not print, or would command it, is shown escaped."""
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def escape_what_streams_cannot_say() -> None:
    """Let stdout and stderr escape, as JSON does, what their encoding cannot say (LANG=C)."""
    codecs.register_error(f"{_ROOT}.escaped", _escaped)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=f"{_ROOT}.escaped")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


@contextmanager
def listening(*, verbose: bool = False, quiet: bool = False, debug: bool = False) -> Iterator[None]:
    """Show what is logged on stderr, and remember it for the run that may begin.

    Parameters
    ----------
    verbose : bool
        Show what every room says, not only notices.
    quiet : bool
        Show nothing.
    debug : bool
        Show the tracebacks of failures.
    """
    root = logging.getLogger(_ROOT)
    level, handlers = root.level, [_Terminal(verbose, quiet, debug), RunLog()]
    root.setLevel(logging.INFO)
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        root.setLevel(level)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


@contextmanager
def kept_in(directory: Path, run_id: str) -> Iterator[None]:
    """Keep what is logged in ``run.log`` of a run's directory, from the command's beginning on."""
    root = logging.getLogger(_ROOT)
    found = [handler for handler in root.handlers if isinstance(handler, RunLog)]
    for handler in found:
        handler.open(directory / FILE, run_id)
    try:
        yield
    finally:
        for handler in found:
            handler.close()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Log the beginning and the end of a stage; a failure with its traceback.

    Parameters
    ----------
    name : str
        One word; begins the names of the events.
    """
    _stages.info("%s: begun", name, extra={"event": f"{name}.started"})
    try:
        yield
    except BaseException as error:
        what = f"{type(error).__name__}: {error}".rstrip(": ")
        fields = {"event": f"{name}.failed", "trace": traceback.format_exc()}
        _stages.error("%s: ended by %s", name, what, extra=fields)
        raise
    _stages.info("%s: finished", name, extra={"event": f"{name}.finished"})


class _Terminal(logging.Handler):
    """Sentences for a person, on whatever stderr is at the moment (progress bars replace it)."""

    def __init__(self, verbose: bool, quiet: bool, debug: bool) -> None:
        super().__init__()
        self._verbose, self._quiet, self._debug = verbose, quiet, debug

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the user asked to hear this."""
        if self._quiet:
            return False
        if record.name == _stages.name and record.levelno > NOTICE:
            return False  # the error that ends the command is told there
        if self._verbose or (self._debug and bool(getattr(record, "trace", ""))):
            return True
        return record.name == __name__ and record.levelno >= NOTICE

    def emit(self, record: logging.LogRecord) -> None:
        """Print one sentence, and a traceback on demand."""
        lines = [self._sentence(record)]
        trace = getattr(record, "trace", "")
        if self._debug and trace:
            lines.append(str(trace).rstrip())
        print(visible("\n".join(lines)), file=sys.stderr, flush=True)

    def _sentence(self, record: logging.LogRecord) -> str:
        if record.levelno < NOTICE:
            return f"{_moment(record):%H:%M:%S} {record.getMessage()}"
        return f"{record.levelname.lower()}: {record.getMessage()}"


class RunLog(logging.Handler):
    """One JSON object a line; a line is written whole, in one call, as soon as it is known.

    Until `open`, records are remembered. An event ``<stage>.finished`` or ``<stage>.failed``
    carries the seconds since ``<stage>.started`` of the same asset.
    """

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[logging.LogRecord] = deque(maxlen=_BEFORE_A_RUN)
        self._file: int | None = None
        self._run_id = ""
        self._begun: dict[tuple[str, str], float] = {}

    def open(self, path: Path, run_id: str) -> None:
        """Write to a file from now on, first what was remembered."""
        self.acquire()
        try:
            self._run_id = run_id
            self._file = os.open(path, _APPEND, 0o644)
            while self._waiting:
                self.emit(self._waiting.popleft())
        except OSError as error:
            self._give_up(error)
        finally:
            self.release()

    def close(self) -> None:
        """End the file; later records are remembered for another one."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        if self._file is None:
            self._waiting.append(record)
            return
        try:
            os.write(self._file, self._line(record))
        except OSError as error:
            os.close(self._file)
            self._file = None
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Go on without a file: the run itself will find its disk full, and say so."""
        print(f"warning: {FILE} cannot be written ({error.strerror}).", file=sys.stderr)

    def _line(self, record: logging.LogRecord) -> bytes:
        event, asset = getattr(record, "event", record.name), getattr(record, "asset", None)
        given = vars(record)
        fields = {k: v for k, v in given.items() if k not in _STANDARD and k not in _OWN}
        fields |= self._seconds(event, asset or "", record.created)
        line: dict[str, Any] = {
            "time": f"{_moment(record):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z",
            "level": record.levelname.lower(),
            "run_id": self._run_id,
            "asset": asset,
            "event": event,
            "message": record.getMessage(),
            "fields": fields,
        }
        if getattr(record, "trace", ""):
            line["traceback"] = given["trace"]
        text = json.dumps(line, ensure_ascii=False, default=str) + "\n"
        return text.encode("utf-8", "backslashreplace")  # a name may be no Unicode

    def _seconds(self, event: str, asset: str, moment: float) -> dict[str, float]:
        name, _, what = event.rpartition(".")
        if what == "started":
            self._begun[name, asset] = moment
        elif what in {"finished", "failed"} and (name, asset) in self._begun:
            return {"seconds": round(moment - self._begun.pop((name, asset)), 3)}
        return {}


def _moment(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
