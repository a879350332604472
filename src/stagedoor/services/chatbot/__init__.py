"""The chat bot: commands that viewers type, and what their templates make it answer.

It hears ``twitch/ev/chat-message`` and speaks through the requests of whoever connects the chat: Twitch, or the room of
``stagedoor chat``. Commands are kept as strimertül keeps them, in one key.
"""

from stagedoor.services.chatbot.rendering import Renderer
from stagedoor.services.chatbot.service import ChatBot

__all__ = ["ChatBot", "Renderer"]
