"""A client for Streamer.bot's WebSocket API: this door's, and the original application's of any age.

What it offers is importable from :mod:`stagedoor.streamerbot`. Nothing here serves anybody.
"""

from stagedoor.streamerbot.client.client import Client
from stagedoor.streamerbot.client.sync import SyncClient

__all__ = ["Client", "SyncClient"]
