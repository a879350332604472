"""Find a Chromium for the tests, or install one: ``python tools/find_chromium.py --install``.

Debian's package when the user is root on a Debian, else the one that Playwright downloads for itself. Root on a Debian
gets ``certutil``, too, by which a test tells a Chromium to trust an authority.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_chromium() -> str | None:
    """Return the path of a Chromium, or ``None``."""
    if chosen := os.environ.get("CHROMIUM"):
        return chosen
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    return _find_playwrights()


def _find_playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def install_chromium() -> None:
    """Install one; raises ``CalledProcessError`` when that fails."""
    if _can_install_packages():
        _install_package("chromium")
    else:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True)


def install_certutil() -> None:
    """Install it where that is easy; elsewhere one test cannot run."""
    if shutil.which("certutil") is None and _can_install_packages():
        try:
            _install_package("libnss3-tools")
        except subprocess.CalledProcessError as error:
            print(f"certutil could not be installed: {error}", file=sys.stderr)


def _can_install_packages() -> bool:
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def _install_package(name: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update"], ["install", "--yes", "--no-install-recommends", name]):
        subprocess.run(["apt-get", "--quiet", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL)


def main() -> int:
    """Print the path, after installing when asked to."""
    if "--install" in sys.argv[1:]:
        install_certutil()
    path = find_chromium()
    if path is None and "--install" in sys.argv[1:]:
        print("installing a Chromium for the tests", file=sys.stderr)
        install_chromium()
        path = find_chromium()
    if path is None:
        print("there is no Chromium; install one, or name it in the variable CHROMIUM", file=sys.stderr)
        return 1
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
