"""The application: builds everything from the settings, starts it, stops it in reverse. The only one that knows all.

:mod:`.app` has the order of start and end, :mod:`.foundation` what all parts stand on. Each door is a module:
:mod:`.kilovolt`, :mod:`.streamerbot`, :mod:`.console`; :mod:`.registers` holds whom they all know, and :mod:`.house`
opens and moves them. :mod:`.stream` starts the services of the stream, :mod:`.owner` those of the owner.
"""

from stagedoor.app.app import App, Running
from stagedoor.app.house import Addresses

__all__ = ["Addresses", "App", "Running"]
