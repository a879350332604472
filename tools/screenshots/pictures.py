"""Where the pictures go, and what each is made for."""

from pathlib import Path
from typing import Final, Literal

Scheme = Literal["light", "dark"]
Size = Literal["wide", "phone"]

IMAGES: Final = Path(__file__).parents[2] / "docs" / "images"
MAX_PICTURE_BYTES: Final = 150_000

SCHEMES: Final[tuple[Scheme, ...]] = ("light", "dark")
VIEWPORTS: Final[dict[Size, tuple[int, int]]] = {"wide": (1280, 800), "phone": (390, 844)}
