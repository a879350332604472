"""Whatever the text, the outcome is a template or TemplateSyntaxError; whatever the template, text or TemplateFailed."""  # noqa: E501

import contextlib
import re
from datetime import datetime

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stagedoor.templates import FUNCTIONS, Limits, Template, TemplateFailed, TemplateSyntaxError, compile_template
from stagedoor.templates.layouts import parse_duration, parse_time
from tests.templates.data import BOT, MAP, MSG, NOW, SUB

EXAMPLES = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Small, so that no example takes long; each limit is met by some.
LIMITS = Limits(seconds=20, steps=2_000, turns=100, size=20_000)

DATA = {**MAP, "msg": MSG, "sub": SUB, "now": NOW, "b": True, "deep": [[[["x"]]], {"a": {"b": {"c": None}}}]}

PIECES = st.sampled_from(
    [
        *("{{", "}}", "{{-", " -}}", "{{- ", "/*", "*/", "{{/*", "*/}}", "|", "(", ")", ":=", "=", ",", ".", "$", "$x"),
        *("if ", "else ", "else if ", "end", "range ", "with ", "define ", "template ", "block ", "break", "continue"),
        *(
            "{{end}}",
            "{{else}}",
            "{{if .}}",
            "{{range .list}}",
            "{{with .m}}",
            "{{break}}",
            '{{define "t"}}',
            " ",
            "\n",
        ),
        *(
            '"t"',
            "`r`",
            "'c'",
            "1",
            "-2.5",
            "0x1f",
            "1e400",
            "nil",
            "true",
            ".name",
            ".m.a",
            ".msg.User",
            ".nil.x",
            "\\",
        ),
        *("len ", "printf ", "print ", "index ", "upper ", "add ", "until ", "dict ", "user ", "and ", "or ", "not "),
        *('"', "`", "'", "é", "\0", "\ud800", "{{$x := 1}}", "{{$x}}", "{{.}}", "{{template `t` .}}", "_", "{", "}"),
    ]
)


def compiled(source: str) -> Template | None:
    try:
        return compile_template(source, BOT)
    except TemplateSyntaxError as error:
        refusal = error
    assert refusal.line is None or 1 <= refusal.line <= source.count("\n") + 1
    assert str(refusal)
    return None


def outcome(template: Template, data: object) -> str | None:
    try:
        text = template.render(data, limits=LIMITS, clock=lambda: NOW)
    except TemplateFailed as error:
        failure = error
    else:
        assert len(text) <= LIMITS.size
        return text
    # Meant, and not a bug of a function that was turned into an error.
    assert failure.__cause__ is None, failure
    assert str(failure)
    return None


@EXAMPLES
@given(st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join)))
@example("{{" * 100)
@example("{{if 1}}{{else}}{{else}}{{end}}")
@example("{{$x := $x}}")
@example("{{range $a, }}{{end}}")
@example('{{"\\400"}}')
@example('{{"\\ud800"}}')
def test_any_text_compiles_or_is_refused(source: str) -> None:
    template = compiled(source)
    if template is not None:
        for data in (DATA, MSG, None, "text", [1]):
            outcome(template, data)


@given(st.text(alphabet=st.characters(exclude_characters="{")))
def test_text_without_actions_stays_as_it_is(source: str) -> None:
    template = compiled(source)
    assert template is not None
    assert template.render(None, limits=Limits(seconds=20)) == source


# --- valid templates ----------------------------------------------------------------------------------------------

TEXTS = st.sampled_from(
    ["", "a", "Hello World", "1", "-7.5", "é ß ﬁ", "a,b,,c", " x ", "%d %s", "1h30m", "2006-01-02", "v1.2.3"]
)
LITERALS = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.integers(-3, 12).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: f"{number:f}" if abs(number) < 1e15 else "1.5"),
    TEXTS.map(lambda text: f"`{text}`"),
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="`\r"), max_size=8).map(lambda text: f"`{text}`"),
    st.sampled_from(
        ["true", "false", "nil", ".", ".name", ".n", ".f", ".list", ".m", ".nil", ".missing", ".deep", ".b"]
    ),
    st.sampled_from(
        [".msg", ".msg.Emotes", ".msg.Time", ".sub.Message", ".now", "$", "$.m.a", "(list)", "(dict)", "now"]
    ),
)
NAMES = st.sampled_from(sorted({*FUNCTIONS, *BOT, "and", "or"}))


def calls(operands: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    call = st.tuples(NAMES, st.lists(operands, max_size=4)).map(lambda call: f"({call[0]} {' '.join(call[1])})")
    return call | st.tuples(operands, NAMES).map(lambda both: f"({both[0]} | {both[1]})")


EXPRESSIONS = st.recursive(LITERALS, calls, max_leaves=8)


def blocks(bodies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    words = st.sampled_from(["if", "with", "range"])
    return st.one_of(
        st.tuples(words, EXPRESSIONS, bodies).map(lambda p: f"{{{{{p[0]} {p[1]}}}}}{p[2]}{{{{end}}}}"),
        st.tuples(words, EXPRESSIONS, bodies, bodies).map(
            lambda p: f"{{{{{p[0]} {p[1]}}}}}{p[2]}{{{{else}}}}{p[3]}{{{{end}}}}"
        ),
        st.tuples(EXPRESSIONS, bodies).map(
            lambda p: f"{{{{range $k, $v := {p[0]}}}}}{{{{$k}}}}{p[1]}{{{{$v}}}}{{{{end}}}}"
        ),
        st.tuples(bodies, bodies).map("".join),
    )


ACTIONS = EXPRESSIONS.map(lambda expression: f"{{{{ {expression} }}}}")
TEMPLATES = st.recursive(ACTIONS | TEXTS, blocks, max_leaves=4)


@EXAMPLES
@given(TEMPLATES)
@example("{{ mulf 1e300 1e300 }}")
@example("{{ printf `%c %U %q` 1114112 -1 -1 }}")
@example("{{ round 1e308 400 }}")
@example("{{ untilStep -9223372036854775808 9223372036854775807 1 }}")
@example("{{ date `2006` 9223372036854775807 }}")
@example("{{ dateModify `2562047h` now | dateModify `2562047h` }}")
@example("{{ index .list -1 }}")
@example("{{ slice .list 9223372036854775807 }}")
@example("{{ set .m `a` 1 }}")
@example("{{ eq . . }}{{ lt . . }}")
@example("{{ b64dec `/w==` | regexFind `.` | quote }}")
def test_any_template_renders_or_fails(source: str) -> None:
    template = compiled(source)
    if template is not None:
        outcome(template, DATA)


ARGUMENTS = st.one_of(LITERALS, st.sampled_from(["-1", "0", "2", "`x`", "`(`", "``", ".list", ".m", ".nums", "now"]))


@settings(max_examples=600, deadline=None)
@given(NAMES, st.lists(ARGUMENTS, max_size=4))
def test_every_function_takes_anything(name: str, arguments: list[str]) -> None:
    template = compiled(f"{{{{ {name} {' '.join(arguments)} }}}}")
    assert template is not None
    outcome(template, DATA)


# Not at the ends of the calendar, where another zone may be beyond them.
TIMES = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones())
LAYOUT_PIECES = st.sampled_from(
    [
        *(
            "2006",
            "06",
            "01",
            "1",
            "Jan",
            "January",
            "02",
            "_2",
            "2",
            "002",
            "__2",
            "15",
            "03",
            "3",
            "04",
            "4",
            "05",
            "5",
        ),
        *(
            "PM",
            "pm",
            "MST",
            "Z0700",
            "-07:00",
            "-07",
            "Z07:00:00",
            ".000",
            ".999",
            ",00",
            "Mon",
            "Monday",
            " ",
            "-",
            "x",
        ),
    ]
)


@given(st.lists(LAYOUT_PIECES, max_size=8).map("".join), st.text(max_size=12), st.datetimes(timezones=st.timezones()))
def test_any_layout_writes_and_what_it_writes_is_read_or_refused(layout: str, text: str, time: object) -> None:
    template = compile_template("{{ .t.Format .layout }}|{{ date .layout .t }}")
    with contextlib.suppress(TemplateFailed):
        written = template.render({"t": time, "layout": layout}, limits=LIMITS, clock=lambda: NOW).partition("|")[0]
        for some in (written, text):
            with contextlib.suppress(ValueError, OverflowError):
                parse_time(layout, some, NOW.tzinfo)  # type: ignore[arg-type]  # it has one


@given(TIMES)
def test_a_time_written_in_full_is_read_back(time: object) -> None:
    layout = "2006-01-02T15:04:05.000000Z07:00:00"
    data = {"t": time, "layout": layout}
    source = "{{ with .t.Format .layout }}{{ (mustToDate $.layout .).Unix }} {{ $.t.Unix }}{{ end }}"
    text = compile_template(source).render(data, limits=LIMITS, clock=lambda: NOW)
    read, original = text.split()
    assert read == original


@given(st.text(alphabet="0123456789.-+hmsnuµ", max_size=20))
def test_any_duration_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert abs(parse_duration(text)) < 2**63


# --- regular expressions ------------------------------------------------------------------------------------------

PATTERNS = st.text(alphabet="ab(|)*+?[]{}1,2^$.\\dwbé:-", max_size=12)


@EXAMPLES
@given(PATTERNS, st.text(alphabet="ab1é \n", max_size=30), st.text(alphabet="x$1{}n", max_size=6), st.integers(-2, 3))
def test_any_pattern_runs_or_is_refused(pattern: str, text: str, replacement: str, most: int) -> None:
    data = {"p": pattern, "t": text, "r": replacement, "n": most}
    source = (
        "{{ $found := regexFindAll .p .t -1 }}{{ regexMatch .p .t }} {{ gt (len $found) 0 }}"
        "{{ $_ := regexSplit .p .t .n }}{{ $_ = regexReplaceAll .p .t .r }}{{ $_ = regexFindAll .p .t .n }}"
    )
    template = compiled(source)
    assert template is not None
    result = outcome(template, data)
    if result is not None:
        matches, found = result.split()
        assert matches == found


@given(st.text(max_size=20))
def test_a_quoted_text_matches_itself(text: str) -> None:
    template = compile_template("{{ regexReplaceAllLiteral (regexQuoteMeta .) . `x` }}")
    assert template.render(text, limits=LIMITS) == "x"


def test_names_of_the_fuzzer_are_those_of_the_library() -> None:
    assert all(re.fullmatch(r"\w+", name) for name in FUNCTIONS)
