"""Tests of the command line: the real one, in a process of its own."""
