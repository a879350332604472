"""The release number, read by the build and by everything that names the program."""

__version__ = "0.1.0"
