"""Find a symbol's file in a folder, and the format that reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from lockstep.core.errors import DataError
from lockstep.core.registry import formats
from lockstep.data.formats._frame import FileFormat
from lockstep.data.formats._text import first_line

_SHOWN = 12


def data_files(folder: Path) -> list[Path]:
    """Return the files of a folder whose suffix some format reads, sorted by name.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"The data folder {folder} does not exist or is no folder.")
    suffixes = _suffixes()
    try:
        found = [path for path in folder.iterdir() if path.suffix.lower() in suffixes]
        return sorted(path for path in found if path.is_file())
    except OSError as error:
        raise DataError(f"The data folder {folder} cannot be read ({error.strerror}).") from error


def find_file(symbol: str, stems: Iterable[str], files: list[Path], folder: Path) -> Path:
    """Return the one file whose name without suffix is among `stems`.

    Raises
    ------
    DataError
        If there is none (with what was looked for and the nearest of what is there), or several.
    """
    wanted = list(stems)
    found = [path for path in files if path.stem in wanted]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise DataError(
            f"{symbol}: {names} both answer to its name in {folder}; keep one of them there."
        )
    if not found:
        endings = "|".join(sorted(suffix[1:] for suffix in _suffixes()))
        looked = " or ".join(f"{stem}.({endings})" for stem in wanted)
        raise DataError(f"{symbol}: no file {looked} in {folder}; {_there(symbol, files)}")
    return found[0]


def format_of(path: Path) -> tuple[str, FileFormat]:
    """Return the name of the one format that recognises a file, and the format.

    Raises
    ------
    DataError
        If none does, with what each expects.
    """
    reading: list[tuple[str, FileFormat]] = [
        (name, formats.get(name)()) for name in formats.names()
    ]
    candidates = [(name, it) for name, it in reading if path.suffix.lower() in it.suffixes]
    found = [(name, it) for name, it in candidates if it.recognises(path)]
    if len(found) == 1:
        return found[0]
    if found:
        names = " and ".join(name for name, _ in found)
        raise DataError(f"{path.name} looks like {names} at once; expected one format.")
    line = first_line(path)[:80]
    begins = f"it begins with {line!r}" if line else "it is empty or no text"
    expected = "; ".join(f"{name} expects {it.expects}" for name, it in candidates)
    raise DataError(f"{path.name} is in no known format: {begins}. {expected}.")


def _suffixes() -> set[str]:
    return {suffix for name in formats.names() for suffix in formats.get(name)().suffixes}


def _there(symbol: str, files: list[Path]) -> str:
    names = [path.name for path in files]
    if not names:
        return "it holds no data files."
    by_stem = {path.stem.upper(): path.name for path in files}
    close = difflib.get_close_matches(symbol.upper(), list(by_stem), n=3, cutoff=0.6)
    if close:
        return f"nearest: {', '.join(by_stem[stem] for stem in close)}."
    more = f", ... ({len(names)} files)" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN])}{more}."
