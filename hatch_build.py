"""Builds the console's page into the package, so that who installs a wheel needs no Node."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleBuildHook(BuildHookInterface[Any]):
    """Runs for wheels and source archives, not for editable installations: there `make web` builds it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, if it is not there.

        Raises:
            RuntimeError: When it has to be built, and there is no Node.
        """
        root = Path(self.root)
        is_unpacked_archive = (root / "PKG-INFO").is_file() and (root / "src/stagedoor/web/index.html").is_file()
        if version == "editable" or is_unpacked_archive:
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("building stagedoor needs Node.js 20 or newer, for the console's page")
        web = root / "web"
        if not (web / "node_modules" / "vite").is_dir():
            subprocess.run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=web, check=True)
        subprocess.run([npm, "run", "build"], cwd=web, check=True)
