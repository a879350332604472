"""The parts of a parsed template."""

from dataclasses import dataclass, field

# --- expressions --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text or truth value."""

    value: str | int | float | bool


@dataclass(frozen=True, slots=True)
class Nil:
    """``nil``, which stands only as an argument."""


@dataclass(frozen=True, slots=True)
class Dot:
    """The current value."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable by its place in the frame; ``$`` has the place 0."""

    place: int


@dataclass(frozen=True, slots=True)
class Name:
    """A function."""

    name: str


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of a value: ``.A.B``, ``$x.A``, ``(f x).A``; a method when the last one is one."""

    base: "Operand"
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands, each of which is given the value of the one before it as its last argument.

    ``places`` are those of the variables that it declares or assigns.
    """

    commands: "tuple[tuple[Operand, ...], ...]"
    line: int
    places: tuple[int, ...] = ()


Operand = Literal | Nil | Dot | Variable | Name | Chain | Pipeline

# --- actions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """Copied to the output."""

    text: str


@dataclass(frozen=True, slots=True)
class Action:
    """Prints its value unless it sets a variable."""

    pipeline: Pipeline


@dataclass(frozen=True, slots=True)
class If:
    """Runs one of two bodies."""

    condition: Pipeline
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class With:
    """Runs ``body`` with the value as dot when it is true."""

    value: Pipeline
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Range:
    """Runs ``body`` for each element."""

    values: Pipeline
    body: "Body"
    otherwise: "Body"


@dataclass(frozen=True, slots=True)
class Leave:
    """Ends the turn of a loop, or the loop."""

    is_break: bool


@dataclass(frozen=True, slots=True)
class Call:
    """Runs another template."""

    name: str
    argument: Pipeline | None
    line: int


Part = Text | Action | If | With | Range | Leave | Call
Body = tuple[Part, ...]


@dataclass(slots=True)
class Definition:
    """A template of its own: its body, and how many variables its frame holds, ``$`` included."""

    body: Body = ()
    places: int = 1


@dataclass(slots=True)
class Source:
    """All that a source text defines."""

    main: Definition = field(default_factory=Definition)
    defined: dict[str, Definition] = field(default_factory=dict)
