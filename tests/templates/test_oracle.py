"""The same templates through gotpl, another implementation of Go's templates and of sprig.

It is not Go: where it is known to differ from Go, or where we differ from Go on purpose, the template is listed with
the reason, and must go on to differ.
"""

import gotpl
import gotpl.funcs.sprig
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stagedoor.templates import TemplateError
from tests.templates.data import MAP, render
from tests.templates.test_library import DATA, RESULTS
from tests.templates.test_vectors import VECTORS

SPRIG = gotpl.funcs.sprig.text_func_map()
FAILED = "(failed)"


def ours(source: str, data: object) -> str:
    try:
        return render(source, data, {})
    except TemplateError:
        return FAILED


def theirs(source: str, data: object) -> str:
    try:
        return gotpl.render(source, data, functions=SPRIG)
    except gotpl.TemplateError:
        return FAILED


OURS_ON_PURPOSE = {
    # We count characters, Go bytes: no character is cut in two.
    '{{ trunc 2 "ééé" }}': ("éé", "é"),
    '{{ substr 1 2 "éàü" }}': ("à", "\ufffd"),
    # Any integer will do, where sprig takes an int64 and makes 0 of an int.
    "{{ duration 3661 }}": ("1h1m1s", "0s"),
    # Leading zeros are no octal number: a viewer who writes 08 means eight.
    '{{ add "010" 0 }}': ("10", "8"),
    # No database of zones must not pass for UTC.
    '{{ dateInZone "2006" 0 "Moon/Crater" }}': (FAILED, "1970"),
    # Only in Go newer than the one that strimertül was built with.
    "{{with 0}}a{{else with 1}}b{{end}}": (FAILED, "b"),
    # Integers compare with floats.
    "{{eq 3 3.0}}": ("true", FAILED),
}

THEY_DIFFER_FROM_GO = {
    # A field of text, of a number or of nothing is an error.
    "{{.name.a}}": (FAILED, "<no value>"),
    "{{.n.a}}": (FAILED, "<no value>"),
    "{{.nil.a}}": (FAILED, "<no value>"),
    # An integer is no key of a map of texts.
    "{{index .m 1}}": (FAILED, "<no value>"),
    # Times print with Go's layout; nil is null in JSON, and <nil> where it is an argument.
    '{{ toDate "2006-01-02" "2024-07-03" }}': ("2024-07-03 00:00:00 +0000 UTC", "2024-07-03 00:00:00+00:00"),
    "{{ toJson nil }}": ("null", ""),
    '{{ printf "%v" .nil }}': ("<nil>", "<no value>"),
    # Verbs go into lists, and a blank separates hexadecimal bytes.
    '{{ printf "%d" .list }}': ("[%!d(string=a) %!d(string=b) %!d(string=c)]", "%!d([]interface {}=[a b c])"),
    '{{ printf "% x" "hi" }}': ("68 69", "6869"),
    # A float that is an integer is one where it stands as a literal; 08 is a float in the same way.
    '{{ trunc 2.0 "abc" }}': ("ab", FAILED),
    "{{ 08 }}": ("8", FAILED),
    # A pipe needs something after it.
    "{{1|}}": (FAILED, "1"),
}


@pytest.mark.parametrize("source", [f"{{{{ {expression} }}}}" for expression, _ in RESULTS])
def test_functions(source: str) -> None:
    if source not in OURS_ON_PURPOSE and "rand" not in source:
        assert ours(source, DATA) == theirs(source, DATA)


@pytest.mark.parametrize(("number", "source"), [vector[:2] for vector in VECTORS if vector[2] is MAP])
def test_vectors(number: int, source: str) -> None:
    if number not in (25, 41):  # integers with floats; nil as an argument, where ours is what Go prints
        assert ours(source, MAP) == theirs(source, MAP)


@pytest.mark.parametrize("source", [*OURS_ON_PURPOSE, *THEY_DIFFER_FROM_GO])
def test_known_differences(source: str) -> None:
    expected = (OURS_ON_PURPOSE | THEY_DIFFER_FROM_GO)[source]
    assert (ours(source, MAP), theirs(source, MAP)) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{- 3}} {{-3}} {{3 -}} x {{/* c */}}y{{- /* d */ -}} z",
        "{{ /* x */ }}",
        '{{"\\x41\\u00e9\\U0001F600\\101\\n\\t\\""}} {{`raw\\n`}} {{\'\\n\'}} {{\'é\'}} {{\'\\\'\'}}',
        '{{"\\q"}}',
        "{{0x1F}} {{0b101}} {{0o17}} {{017}} {{1_000}} {{.5}} {{5.}} {{1e3}} {{+5}} {{-0x10}} {{1.5e-7}}",
        *("{{1__0}}", "{{0x}}", "{{1a}}", "{{}}", "{{ }}", "{{|}}", "{{{1}}}", '{{"}}"}}', "a }} b", "{{", "}}", "{{'ab'}}"),  # noqa: E501
        *("{{..}}", "{{.a..b}}", "{{.a .b}}", "{{len.list}}", "{{(len .list}}", "{{len .list)}}", "{{print(1)}}"),
        *("{{print (1)(2)}}", "{{print 1,2}}", "{{1 | 2}}", '{{"a" "b"}}', '{{.name "x"}}', "{{nil}}", "{{x := 1}}"),
        *("{{if}}x{{end}}", "{{else}}", "{{end}}", "{{if 1}}a{{else}}b{{else}}c{{end}}", "{{if 1}}", "{{break}}"),
        "{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}",
        *("{{if true}}{{$y := 1}}{{end}}{{$y}}", "{{$x}}", "{{$a, $b := 1}}", "{{range $i, $v, $w := .list}}{{end}}"),
        '{{define "a"}}{{.}}{{end}}{{template "a" 5}}{{template "a"}}',
        *('{{template "nope"}}', '{{if true}}{{define "x"}}{{end}}{{end}}', '{{define "x"}}'),
        '{{block "b" 3}}<{{.}}>{{end}}{{template "b" 4}}',
        '{{with .missing}}a{{else}}b{{end}} {{with $x := .name}}{{$x}}{{.}}{{end}}',
        "{{range $k, $v := .m}}{{$k}}{{$v}}{{else}}e{{end}} {{range .missing.a.b}}x{{else}}y{{end}}",
        "{{range .list}}{{with 1}}{{break}}{{end}}{{end}}x",
        '{{"a" | printf "%s-%s" "b"}} {{1 | add 2 | mul 3}} {{(index .list 0) | upper}} {{(dict "a" (dict "b" 1)).a.b}}',  # noqa: E501
        '{{printf "%s" (print "a" | upper)}} {{.m.z | add 1}} {{true}} {{not true}}',
        *("{{and .nil .nil.foo}}", "{{or 1 .nil.foo}}", "{{upper 5}}", "{{trunc .f `abc`}}", "{{eq .list .list}}"),
        *("{{lt true false}}", "{{len 3}}", "{{index .list -1}}", "{{slice .list 2 9}}", "{{first nil}}", "{{fail `x`}}"),  # noqa: E501
        '{{- "a" -}}   b\n   {{- "c"}}',
        "{{/* }} */}}x",
        "{{/* a */ b */}}x",
        "{{/* a */ -}} x",
        '{{"a\nb"}}',
    ],
)  # fmt: skip
def test_language(source: str) -> None:
    assert ours(source, MAP) == theirs(source, MAP)


# --- any valid template -------------------------------------------------------------------------------------------

# By $ and not by the dot, which is an element within range: gotpl gives a missing key as the text "<no value>".
TEXTS = st.sampled_from(
    ["`a`", '"Hello World"', "`1`", "`a,b`", "$.name", "(index $.list 1)", "(upper $.name)", "(print $.n)"]
)
INTEGERS = st.sampled_from(["0", "1", "-3", "12", "$.n", "(len $.list)", "(add $.n 2)", "$.m.z"])
LISTS = st.sampled_from(["$.list", "(list 1 2)", "(list)", "(splitList `,` `a,b`)", "(until 3)"])
VALUES = st.one_of(TEXTS, INTEGERS, LISTS, st.sampled_from(["$.f", "$.m", "true", "(dict `k` 1)"]))


def call(name: str, *arguments: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*arguments).map(lambda given: f"{name} {' '.join(given)}")


CALLS = st.one_of(
    *(
        call(name, TEXTS)
        for name in ("upper", "lower", "title", "trim", "nospace", "initials", "swapcase", "b64enc", "len")
    ),
    *(call(name, TEXTS, TEXTS) for name in ("contains", "hasPrefix", "trimAll", "trimPrefix", "splitList", "eq", "lt")),
    *(call(name, INTEGERS, TEXTS) for name in ("trunc", "abbrev", "wrap", "printf `%d|%s`", "printf `%5v%-7v`")),
    *(call(name, INTEGERS, INTEGERS) for name in ("add", "sub", "mul", "max", "min", "eq", "gt", "seq", "addf")),
    *(
        call(name, LISTS)
        for name in ("first", "last", "rest", "initial", "reverse", "uniq", "compact", "join `-`", "len")
    ),
    *(call(name, LISTS, VALUES) for name in ("append", "prepend", "print", "list")),
    *(
        call(name, VALUES, VALUES)
        for name in ("default", "coalesce", "and", "or", "print", "cat", "quote", "any", "all")
    ),
    *(call(name, VALUES) for name in ("empty", "not", "toString", "kindOf", "toJson", "html", "println", "squote")),
    call("replace", TEXTS, TEXTS, TEXTS),
    call("substr", INTEGERS, INTEGERS, TEXTS),
)
PIPES = st.tuples(
    CALLS, st.sampled_from(["print", "quote", "default `d`", "list 1", "printf `<%v>`", "toString | upper"])
)
EXPRESSIONS = st.one_of(VALUES, CALLS, PIPES.map(" | ".join))


def blocks(bodies: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def block(parts: tuple[str, str, str, str]) -> str:
        word, expression, body, other = parts
        return f"{{{{{word} {expression}}}}}{body}{{{{else}}}}{other}{{{{end}}}}"

    words = st.sampled_from(["if", "with $x :=", "if $y :="])
    loops = st.sampled_from(["range", "range $v :=", "range $k, $v :="])
    return st.one_of(
        st.tuples(words, EXPRESSIONS, bodies, bodies).map(block),
        st.tuples(loops, LISTS | st.just("$.m"), bodies, bodies).map(block),
        st.tuples(bodies, st.sampled_from([" ", "\n", "{{- /* c */ -}}", "{{.}}"]), bodies).map("".join),
    )


ACTIONS = st.tuples(st.sampled_from(["{{", "{{- "]), EXPRESSIONS, st.sampled_from(["}}", " -}}"])).map("".join)
TEMPLATES = st.recursive(ACTIONS | st.sampled_from(["a", " b\n"]), blocks, max_leaves=4)


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of the strategy, when an example fails
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEMPLATES)
def test_any_valid_template(source: str) -> None:

    assert ours(source, MAP) == theirs(source, MAP)
