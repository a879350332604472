"""The Kilovolt protocol: its messages, the server's side of one connection, and a client."""
