"""Loyalty points: their rules, what they buy, and what was bought."""

import msgspec


class PointsConfig(msgspec.Struct):
    """How points are earned."""

    interval: int = 0
    """Seconds between two awards; 0 for none."""
    amount: int = 0
    activity_bonus: int = 0
    """On top for who wrote something since the last award."""


class LoyaltyConfig(msgspec.Struct):
    """The switch, the currency, and how points are earned."""

    enabled: bool = False
    currency: str = ""
    """In the plural, lower case."""
    points: PointsConfig = msgspec.field(default_factory=PointsConfig)
    banlist: list[str] | None = None
    """Logins that earn nothing."""


class Points(msgspec.Struct):
    """A viewer's balance; the key names the login."""

    points: int = 0
    id: str | msgspec.UnsetType = msgspec.UNSET
    """The account's id, so that the balance follows a new name; stagedoor's own."""
    display_name: str | msgspec.UnsetType = msgspec.UNSET
    """stagedoor's own."""


class Reward(msgspec.Struct):
    """Something that points buy."""

    enabled: bool = False
    id: str = ""
    """What viewers type."""
    name: str = ""
    description: str = ""
    image: str = ""
    price: int = 0
    required_info: str | msgspec.UnsetType = msgspec.UNSET
    """What viewers are asked for, if they have to add a text."""
    cooldown: int = 0
    """Seconds until anybody may redeem it again."""


class Goal(msgspec.Struct):
    """Something that viewers save for together."""

    enabled: bool = False
    id: str = ""
    """What viewers type."""
    name: str = ""
    description: str = ""
    image: str = ""
    total: int = 0
    contributed: int = 0
    contributors: dict[str, int] | None = None
    """Logins to points given."""


class Redeem(msgspec.Struct):
    """Something that was bought, with the reward as it was then."""

    username: str = ""
    """The login."""
    display_name: str = ""
    reward: Reward = msgspec.field(default_factory=Reward)
    when: str = ""
    """RFC 3339; part of what tells it from others."""
    request_text: str = ""
    user_id: str | msgspec.UnsetType = msgspec.UNSET
    """The account's id, so that a refund finds who has another login by now; stagedoor's own."""
