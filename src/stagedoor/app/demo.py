"""A run without any account: a fake Twitch on this computer with a lively channel, and a bot that is furnished for it.

Nothing of it is kept, and nothing of what is stored is touched.
"""

import contextlib
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stagedoor import keys
from stagedoor.access import Client
from stagedoor.hub import Write
from stagedoor.options import Settings
from stagedoor.strimertul import (
    Alerts,
    AuthKeys,
    BotConfig,
    Cheer,
    CheerVariation,
    Command,
    Follow,
    GiftSub,
    Goal,
    LoyaltyConfig,
    PointsConfig,
    Raid,
    Reward,
    Subscription,
    Timer,
    Timers,
    TwitchConfig,
    write,
    write_time,
)

if TYPE_CHECKING:
    from stagedoor.fake_twitch import FakeTwitch, User

_HISTORY: Final = 20

_COMMANDS: Final = {
    "!hello": Command(
        description="Greets whoever asks.", response="Hello {{ user . }}!", enabled=True, response_type="reply"
    ),
    "!lurk": Command(description="Says goodbye for now.", response="Enjoy the show, {{ user . }}.", enabled=True),
    "!commands": Command(
        description="Tells what can be typed.",
        response="Try !hello, !dice, !lurk and !discord; !balance and !redeem are for points.",
        enabled=True,
        cooldown=10,
    ),
    "!discord": Command(
        description="Leads to the server.",
        response="Meet us at discord.example, {{ user . }}!",
        enabled=True,
        cooldown=10,
    ),
    "!deaths": Command(
        description="Counts how often it went wrong.",
        access_level="vip",
        response='That was number {{ count "deaths" }}.',
        enabled=True,
    ),
    "!dice": Command(
        description="Rolls a die.", response="{{ user . }} rolls a {{ randomInt 1 7 }}.", enabled=True, user_cooldown=10
    ),
    "!so": Command(
        description="Recommends another channel.",
        access_level="moderators",
        response="Have a look at {{ param 1 . }}!",
        enabled=True,
        response_type="announce",
    ),
}

_TIMERS: Final = Timers(
    {
        "socials": Timer(
            enabled=True,
            name="socials",
            minimum_chat_activity=5,
            minimum_delay=300,
            messages=["Try !hello, !dice and !lurk.", "Points buy things here: !balance and !redeem."],
        )
    }
)

_ALERTS: Final = Alerts(
    follow=Follow(enabled=True, messages=["Welcome, {{ .UserName }}!"]),
    subscription=Subscription(
        enabled=True, messages=["Thank you, {{ .UserName }}!{{ if .Message.Text }} {{ .Message }}{{ end }}"]
    ),
    gift_sub=GiftSub(
        enabled=True,
        messages=["{{ if .IsAnonymous }}Somebody{{ else }}{{ .UserName }}{{ end }} gave {{ .Total }} away!"],
    ),
    raid=Raid(enabled=True, messages=["{{ .FromBroadcasterUserName }} comes with {{ .Viewers }} people. Welcome!"]),
    cheer=Cheer(
        enabled=True,
        messages=["{{ .Bits }} bits from {{ .UserName }}, thank you!"],
        variations=[CheerVariation(min_amount=500, messages=["{{ .Bits }} bits! {{ .UserName }}, that is a lot!"])],
    ),
)

_LOYALTY: Final = LoyaltyConfig(enabled=True, currency="stars", points=PointsConfig(60, 10, 5))

_REWARDS: Final = [
    Reward(enabled=True, id="hydrate", name="Have a drink", description="Water, please.", price=30, cooldown=60),
    Reward(enabled=True, id="song", name="Choose a song", price=100, required_info="Which song?"),
]

_GOALS: Final = [Goal(enabled=True, id="karaoke", name="Karaoke night", total=2000)]


class Demo:
    """A fake Twitch that is there, and how this run gets to it."""

    def __init__(self, twitch: "FakeTwitch", folder: Path) -> None:
        self._twitch = twitch
        self._folder = folder

    def adapt(self, settings: Settings) -> Settings:
        """Lead a run to the fake, and to a folder of its own."""
        urls = self._twitch.urls
        return replace(
            settings,
            data=self._folder,
            twitch_auth_url=urls.auth,
            twitch_api_url=urls.api,
            twitch_eventsub_url=urls.eventsub,
            twitch_subscriptions_url=urls.subscriptions,
        )

    async def furnish(self, client: Client) -> None:
        """Log the streamer and the bot in, give the bot something to do, and let the console show all of it at once."""
        twitch, world = self._twitch, self._twitch.world
        config = TwitchConfig(
            enabled=True, enable_bot=True, api_client_id=twitch.client_id, api_client_secret=twitch.client_secret
        )
        bot = BotConfig(username=world.bot.login, channel=world.owner.login, chat_history=_HISTORY)
        await client.put_all(
            [
                Write(keys.TWITCH_CONFIG, write(config)),
                Write(keys.BOT_CONFIG, write(bot)),
                Write(keys.AUTH_KEYS, self._log_in(world.owner)),
                Write(keys.BOT_AUTH_KEYS, self._log_in(world.bot)),
                Write(keys.COMMANDS, write(_COMMANDS)),
                Write(keys.TIMERS_CONFIG, write(_TIMERS)),
                Write(keys.ALERTS_CONFIG, write(_ALERTS)),
                Write(keys.LOYALTY_CONFIG, write(_LOYALTY)),
                Write(keys.REWARDS, write(_REWARDS)),
                Write(keys.GOALS, write(_GOALS)),
                Write(keys.WELCOME, '{"done":true}'),  # there is nothing to set up
            ]
        )

    async def play(self) -> None:
        """Let people come and go, and say things, for ever."""
        from stagedoor.fake_twitch.demo import liven

        await liven(self._twitch.world)

    def _log_in(self, user: "User") -> str:
        now_s = self._twitch.clock.now()
        token = self._twitch.issue_token(user)
        return write(
            AuthKeys(
                access_token=token.text,
                refresh_token=token.refresh or "",
                expires_in=round(token.expires_at - now_s),
                scope=list(token.scopes),
                time=write_time(now_s),
            )
        )


async def begin_demo(stack: contextlib.AsyncExitStack) -> Demo:
    """Start the fake; it ends when ``stack`` does, and its folder with it."""
    from stagedoor.fake_twitch import FakeTwitch
    from stagedoor.fake_twitch.world import World

    folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="stagedoor-demo-"))
    return Demo(await stack.enter_async_context(FakeTwitch(world=World(owner="AdaLive"))), Path(folder))
