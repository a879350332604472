"""The Streamer.bot protocol: its messages, the server's side of one connection, its events, and a client."""
