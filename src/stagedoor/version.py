"""The release number, read by the build and by everything that names the program."""

from typing import Final

__version__: Final = "0.1.0"
