"""What strimertül 3.3.1 does that its users did not want, and what stagedoor does instead.

Each has a test that names it by its number; ``docs/howto/move-in.md`` tells of those that a user notices.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple


class Defect(NamedTuple):
    """One of them."""

    was: str
    now: str


DEFECTS: Final[dict[int, Defect]] = {
    1: Defect("allowing an application that had left ended the program", "the question goes with who asked it"),
    2: Defect("a client that left at once after a message could end the program", "nobody notices"),
    3: Defect("a client that did not read held all others up", "it is dropped, and nobody else notices"),
    4: Defect("a line for the log could end the program", "there are four levels; any other counts as `info`"),
    5: Defect(
        "a login or refresh that Twitch refused threw the tokens away", "they stay, and the console says what is wrong"
    ),
    6: Defect("a timer or alert without messages ended the program", "it says nothing"),
    7: Defect(
        "a whisper or announcement without a connection ended the program", "it is not said, and the log says so"
    ),
    8: Defect("the first points for a goal without contributors ended the program", "they are counted"),
    9: Defect("redeems, goals and balances could fall back to older values", "nothing is lost, however much happens"),
    10: Defect("a refund could be paid twice, or take points of others away", "it is paid once, on top of the balance"),
    11: Defect("settings that could not be read were replaced by defaults", "they are left as they are, and told"),
    12: Defect("the clean-up of backups deleted other files, too", "only backups are deleted"),
    13: Defect("settings changed at the wrong moment ended the program", "any moment is right"),
    14: Defect(
        "without a network at the start the program ended",
        "it starts, and connects when there is one; a break is mended",
    ),
    15: Defect(
        "for two seconds after a command, messages reached no overlay, history or timer",
        "the pause is for commands alone",
    ),
    16: Defect("commands for subscribers were open to everybody", "they are for subscribers"),
    17: Defect("timers saw no more than one message a minute", "they see all"),
    18: Defect("deleted timers went on", "they end at once"),
    19: Defect("saving Twitch's settings ended the bot, or its loyalty commands", "both go on"),
    20: Defect("loyalty that was switched on waited for a restart", "it works at once; switched off, it is off"),
    21: Defect("one topic that Twitch refused took others along", "all others are heard"),
    22: Defect("when the connection to Twitch broke, events could end for good", "it comes back by itself"),
    23: Defect("the bot's login ended after hours", "it is renewed by itself"),
    24: Defect("a token was used for twice its lifetime", "it is renewed in time"),
    25: Defect("with Twitch on and the bot off, a whole core was busy", "nothing is"),
    26: Defect(
        "alerts for resubscriptions, gifts and cheers mixed up what they were about",
        "thresholds, months and texts are those of the alert",
    ),
    27: Defect("`{{.ViewerCount}}`, `{{.Message}}`, `!contribute GOALID` did not work as its guide says", "they do"),
    28: Defect("a command with an error could silence others", "it alone is out of use, and the console says why"),
    29: Defect("to try a template counted its counters on", "nothing is counted"),
    30: Defect("the chat history was forgotten at each start", "it is kept"),
    31: Defect("redeems from some time zones could not be removed", "they can, whatever the zone"),
    32: Defect("a restore added to what was there", "it replaces all, after a backup; `--merge` is the old way"),
    33: Defect("some settings could not be changed in its window", "the console has them all"),
    34: Defect("an address that another program had ended the program", "the door stays where it was"),
    35: Defect("an empty password let in by an answer that everybody can compute", "no answer is right then"),
    36: Defect("every web site could connect, and the profiler was open", "you are asked; there is no profiler"),
    37: Defect("without a folder, files of the program's own folder were served", "none are"),
    38: Defect("every program that was let in could read the tokens and write everything", "secrets are yours alone"),
    39: Defect("anybody could ask to be let in without end", "few questions are open at a time, and they end"),
    40: Defect(
        "somebody else's Twitch account could be slipped in at the login", "the login has to be one that you began"
    ),
    41: Defect("what a viewer wrote could become a command to the chat", "line breaks are blanks"),
    42: Defect("others on the machine could read the backups", "they are yours alone"),
    43: Defect("points could be spent twice, goals overshoot, and gifts be negative", "they cannot"),
    44: Defect(
        "a viewer with another login lost the points, and rewards their cooldown at a start",
        "both stay where they belong",
    ),
    45: Defect("viewers could block a command for the streamer", "who may not use it does not set it back"),
    46: Defect("after another password those with the old one stayed", "they have to leave"),
}
"""By number; the last twelve are about safety."""

NOTICED: Final = range(1, 35)
"""Those that a user notices."""


def rows() -> Iterator[tuple[str, str]]:
    """Tell those that a user notices, as rows of a table."""
    for number in NOTICED:
        yield DEFECTS[number]
