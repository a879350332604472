"""Actions: named lists of steps that the owner composes, and the triggers that run them.

An action is kept as JSON under ``action/<id>``. Its steps act with an application's rights: whatever an action does, it
cannot touch what is the owner's.
"""

from stagedoor.services.actions.action import Action, action_id, action_key, read_action
from stagedoor.services.actions.errors import ActionBroken
from stagedoor.services.actions.service import Actions

__all__ = ["Action", "ActionBroken", "Actions", "action_id", "action_key", "read_action"]
