"""Finds the Chromium that drives the page's tests, and gets one where there is none."""

import os
import shutil
import subprocess
import sys

from playwright.sync_api import sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
#: libatomic1 is what Playwright's own program needs and small systems lack.
PACKAGES = ("chromium", "libatomic1")
MISSING = (
    f"The browser tests need a Chromium and none that works could be had: install Debian's {' and '.join(PACKAGES)},"
    " or set CHROMIUM to the path of one, or leave these tests out with `./run test --no-browser`."
)


class NoBrowser(Exception):
    """No Chromium is there and none could be installed."""

    def __str__(self) -> str:
        return MISSING


def chromium() -> str:
    """Return the path of a Chromium that Playwright can drive; raises NoBrowser."""
    for attempt in (_given, _present, _from_debian, _from_playwright):
        path = attempt()
        if path and _starts(path) and _driver_starts():
            return path
    raise NoBrowser


def _given() -> str | None:
    return os.environ.get("CHROMIUM")


def _present() -> str | None:
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def _from_debian() -> str | None:
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (("update",), ("install", "--yes", "--no-install-recommends", *PACKAGES)):
        subprocess.run([apt, *arguments], env=environ, check=False)
    return _present()


def _from_playwright() -> str | None:
    if not _driver_starts():
        return None
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def _driver_starts() -> bool:
    return _starts(sys.executable, "-m", "playwright")


def _starts(*command: str) -> bool:
    try:
        return subprocess.run([*command, "--version"], check=False, capture_output=True).returncode == 0
    except OSError:
        return False
