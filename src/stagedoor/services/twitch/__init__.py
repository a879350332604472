"""Twitch: its accounts, what it tells, and what is said there. Nothing of it goes on before it is switched on."""
