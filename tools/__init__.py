"""Tools for developing stagedoor; nothing of it is installed."""
