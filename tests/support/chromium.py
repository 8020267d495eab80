"""The browser of this machine."""

import shutil

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Returns the path of the system's Chromium, if it has one."""
    return next((path for name in CHROMIUM_NAMES if (path := shutil.which(name))), None)
