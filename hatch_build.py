"""Builds the console's page into the package, so that who installs a wheel needs no Node."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Runs for wheels and source archives, not for editable installations: there `make web` builds it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, if it is not there or older than what it is made of.

        Raises:
            RuntimeError: When it has to be built, and there is no Node.
        """
        web = Path(self.root) / "web"
        if version == "editable" or _is_built(Path(self.root) / "src/stagedoor/web/index.html", web):
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("building stagedoor needs Node.js 20 or newer, for the console's page")
        if not (web / "node_modules" / "vite").is_dir():
            subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=web, check=True)
        subprocess.run([npm, "run", "build"], cwd=web, check=True)


def _is_built(page: Path, web: Path) -> bool:
    """Tell whether the page is there and up to date; in an unpacked archive all files have one age."""
    if not page.is_file():
        return False
    sources = [web / "index.html", *(path for name in ("src", "public") for path in (web / name).rglob("*"))]
    return all(source.stat().st_mtime <= page.stat().st_mtime for source in sources)
