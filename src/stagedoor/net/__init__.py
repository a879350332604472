"""Sockets: listeners, WebSocket connections, HTTP. It carries bytes; what they mean is for the protocols."""
