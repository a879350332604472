"""stagedoor: the door of a live stream, one hub that overlays, bots, buttons and scripts connect to."""

from stagedoor.version import __version__

__all__ = ["__version__"]
