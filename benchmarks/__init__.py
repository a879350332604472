"""Measures the whole server against the least a server could do, in one run on one machine; needs Linux."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
"""Where processes start from which are modules of this package."""
