"""Services: clients of the hub without a socket. None imports another; they meet in keys."""
