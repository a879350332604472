"""Fixtures of the services' tests."""

from tests.services.harness import desk

__all__ = ["desk"]
