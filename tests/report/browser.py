"""A headless Chromium without any network: pages are opened from disk, every request is noted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip


@dataclass
class Opened:
    """A page, and what happened while it was open."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Any]:
    """Yield a browser; skip where there is none."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with TemporaryDirectory() as profile, playwright.sync_playwright() as driver:
        browser = driver.chromium.launch_persistent_context(
            profile, executable_path=path, headless=True, offline=True, args=FLAGS
        )
        try:
            yield browser
        finally:
            browser.close()


def opened(browser: Any, path: Path, width: int = 1280) -> Opened:
    """Open a file and return the page with what it said and asked for."""
    page = browser.new_page()
    found = Opened(page)
    page.set_viewport_size({"width": width, "height": 900})
    page.on("console", lambda message: found.complaints.append(message.text))
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("dialog", lambda dialog: found.complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: found.requests.append(request.url))
    page.goto(path.as_uri())
    return found


def column(page: Any, part: str, head: str) -> list[str]:
    """Return the cells of a column of the first table of a part, its totals left out."""
    return page.eval_on_selector(
        f"#{part} table",
        """(table, head) => {
            const at = [...table.tHead.rows[0].cells].findIndex(c => c.innerText.includes(head));
            return [...table.tBodies[0].rows].map(row => row.cells[at].innerText);
        }""",
        head,
    )
