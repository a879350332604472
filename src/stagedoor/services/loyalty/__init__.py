"""Loyalty points: viewers earn them, buy rewards with them, and save for goals together."""

from stagedoor.services.loyalty.service import Loyalty

__all__ = ["Loyalty"]
