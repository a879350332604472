"""Actions, code triggers and commands."""

from stagedoor import keys
from stagedoor.streamerbot.messages import InvalidParameter, Members, MissingParameter, Parameters
from stagedoor.streamerbot.requests.handler import Asker, Request, ask
from stagedoor.types import JsonObject


async def _get_actions(asker: Asker, parameters: Parameters) -> Members:
    return await ask(asker.client, keys.ACTION_LIST)


async def _do_action(asker: Asker, parameters: Parameters) -> Members:
    action = parameters.record("action")
    if action is None:
        raise MissingParameter("action")
    named = Parameters(action)
    try:
        wanted = {name: text for name in ("id", "name") if (text := named.optional_text(name))}
    except InvalidParameter as invalid:
        raise InvalidParameter(f"action.{str(invalid).rpartition(' ')[2]}") from None
    if not wanted:
        raise MissingParameter("action.id or action.name")
    return await ask(asker.client, keys.ACTION_RUN, {"action": wanted, **_arguments(parameters)})


async def _get_code_triggers(asker: Asker, parameters: Parameters) -> Members:
    return await ask(asker.client, keys.CODE_TRIGGER_LIST)


async def _execute_code_trigger(asker: Asker, parameters: Parameters) -> Members:
    request: JsonObject = {"triggerName": parameters.text("triggerName"), **_arguments(parameters)}
    return await ask(asker.client, keys.CODE_TRIGGER_EXECUTE, request)


async def _get_commands(asker: Asker, parameters: Parameters) -> Members:
    return await ask(asker.client, keys.COMMAND_LIST)


def _arguments(parameters: Parameters) -> JsonObject:
    arguments = parameters.record("args")
    return {} if arguments is None else {"args": arguments}


REQUESTS = (
    Request("GetActions", _get_actions),
    Request("DoAction", _do_action),
    Request("GetCodeTriggers", _get_code_triggers),
    Request("ExecuteCodeTrigger", _execute_code_trigger),
    Request("GetCommands", _get_commands),
)
