"""Templates that want too much end soon, with an error, and without having taken it."""

import sys
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from stagedoor.templates import Limits, Struct, TemplateError, TemplateFailed, compile_template, one_line
from stagedoor.templates.parser import MAX_ELSE_IFS, MAX_NESTING, MAX_SOURCE_LENGTH
from tests.templates.data import render

MOST_SECONDS = 0.5
MOST_BYTES = 64 << 20

DOUBLED = "{{$s := repeat 1000 `x`}}" + "{{$s = print $s $s}}" * 40
GROWN = "{{$l := list 1}}" + "{{$l = concat $l $l}}" * 40
NESTED_LISTS = "{{$l := list `x`}}" + "{{$l = list $l $l $l $l}}" * 30 + "{{$l}}"
LOOPS = "{{range until 1000}}{{range until 1000}}{{range until 1000}}{{end}}{{end}}{{end}}"
SELF = "{{$d := dict}}{{$_ := set $d `a` $d}}{{$_ := set $d `b` $d}}"

HOSTILE = {
    "until": "{{ until 1000000000 }}",
    "until, negative": "{{ until -1000000000 }}",
    "until, the largest number": "{{ until 9223372036854775807 }}",
    "untilStep": "{{ untilStep 0 1000000000000000000 1 }}",
    "untilStep, backwards": "{{ untilStep 1000000000 0 -1 }}",
    "seq": "{{ seq 1000000000 }}",
    "seq, three": "{{ seq 0 1 100000000000 }}",
    "repeat": "{{ repeat 1000000000 `x` }}",
    "repeat of nothing": "{{ repeat 9223372036854775807 `` }}",
    "repeat of repeat": "{{ repeat 100000 `x` | repeat 100000 | repeat 100000 }}",
    "width": "{{ printf `%1000000000d` 1 }}",
    "width of many digits": "{{ printf `%99999999999999999999d` 1 }}",
    "precision": "{{ printf `%.1000000000f` 1.5 }}",
    "width as an argument": "{{ printf `%*d` 1000000000 1 }}",
    "many widths": "{{ $f := repeat 5000 `%1000d` }}{{ printf $f }}{{ range until 9000 }}{{ printf `%1000v` . }}{{ end }}",  # noqa: E501
    "indent": "{{ indent 1000000000 `x` }}",
    "indent of many lines": "{{ repeat 10000 `\n` | indent 100000 }}",
    "nindent": "{{ nindent 1000000000 `x` }}",
    "wrap": "{{ repeat 100000 `x ` | wrapWith 1 (repeat 100000 `y`) }}",
    "wrap of blanks": "{{ repeat 900000 ` ` | wrap 1 }}",
    "replace": "{{ repeat 100000 `x` | replace `x` (repeat 100000 `y`) }}",
    "replace of nothing": "{{ repeat 100000 `x` | replace `` (repeat 100000 `y`) }}",
    "join": "{{ until 10000 | join (repeat 100000 `y`) }}",
    "text that doubles": DOUBLED,
    "list that doubles": GROWN,
    "lists in lists": NESTED_LISTS,
    "lists in lists as JSON": NESTED_LISTS.replace("{{$l}}", "{{toJson $l}}"),
    "lists in lists, equal": NESTED_LISTS.replace("{{$l}}", "{{has $l (list $l)}}{{deepEqual $l (rest $l)}}"),
    "a map in itself": SELF + "{{$d}}",
    "a map in itself as JSON": SELF + "{{toJson $d}}",
    "a map in itself, equal": SELF + "{{$e := dict}}{{$_ := set $e `a` $e}}{{$_ := set $e `b` $e}}{{deepEqual $d $e}}",
    "a map in itself, copied": SELF + "{{deepCopy $d}}",
    "a map in itself, merged": SELF + "{{$e := dict `a` (dict `a` 1)}}{{merge $e $d $d}}{{merge $d $e $d $d}}{{$d}}",
    "loops": LOOPS,
    "loops that print": LOOPS.replace("{{end}}", "xxxxxxxx{{end}}", 1),
    "a template that calls itself": "{{define `a`}}{{template `a`}}{{end}}{{template `a`}}",
    "a template that calls itself twice": "{{define `a`}}{{template `a`}}{{template `a`}}{{end}}{{template `a`}}",
    "templates that double": "".join(
        f"{{{{define `t{n}`}}}}{f'{{{{template `t{n + 1}`}}}}' * 2 if n < 30 else 'x'}{{{{end}}}}" for n in range(31)
    )
    + "{{template `t0`}}",
    "a pattern that backtracks": "{{ regexMatch `(a+)+$` (print (repeat 16000 `a`) `b`) }}{{ fail `done` }}",
    "a pattern of alternatives": "{{ regexMatch `(a|a|aa)*b` (repeat 16000 `a`) }}{{ fail `done` }}",
    "a pattern with counters": "{{ mustRegexMatch `((a{1,100}){1,100}){1,100}` `a` }}",
    "a pattern with a large counter": "{{ regexMatch `(x{1000}){2}y{1000}.{1000}` (repeat 16000 `x`) }}{{ fail `done` }}",  # noqa: E501
    "a pattern with classes": "{{ regexMatch `(\\pL{500}|\\pN{500})+` (repeat 16000 `é`) }}{{ fail `done` }}",
    "a pattern of many groups": "{{ mustRegexFind `((a?){300}(b?){300})*c` (repeat 2700 `a`) | fail }}",
    "a pattern of many groups and a long text": "{{ mustRegexFind `((a?){300}(b?){300})*c` (repeat 16000 `a`) }}",
    "a pattern of counters and letters": "{{ mustRegexMatch `(?i)(é|ß|ü|[^a])*(.{900})z` (repeat 16000 `é`) }}",
    "a long text to search": "{{ regexMatch `x` (repeat 100000 `a`) }}",
    "a long pattern": "{{ regexMatch (repeat 100000 `a`) `x` }}",
    "empty matches": "{{ regexReplaceAll `` (repeat 16000 `a`) (repeat 1000 `b`) }}",
    "many matches": "{{ regexFindAll `a` (repeat 16000 `a`) -1 | len }}" * 100,
    "matches that look far": "{{ regexFindAll `a.*b|a` (repeat 16000 `a`) -1 | len }}{{ fail `done` }}",
    "splits": "{{ regexSplit `` (repeat 16000 `a`) -1 | len }}" * 100,
    "JSON": "{{ repeat 900000 `[` | mustFromJson }}",
    "JSON, deep": "{{ print (repeat 20000 `[`) (repeat 20000 `]`) | mustFromJson }}{{ fail `done` }}",
    "uniq": "{{ until 9000 | uniq }}",
    "without": "{{ without (until 9000) 1 2 3 4 5 6 7 8 9 }}{{ until 9000 | uniq | uniq | uniq }}",
    "random": "{{ randAlpha 1000000000 }}",
    "split": "{{ repeat 900000 `x` | splitList `` }}",
    "shuffle": "{{ repeat 900000 `x` | shuffle }}",
    "html": "{{ repeat 900000 `<` | html }}",
    "js": "{{ repeat 900000 `<` | js }}",
    "urlquery": "{{ repeat 900000 `é` | urlquery }}",
    "quote": "{{ repeat 900000 `\x01` | quote }}",
    "base 64": "{{ repeat 900000 `é` | b64enc }}",
    "title": "{{ repeat 900000 `a ` | title }}",
    "camelcase": "{{ range until 9000 }}{{ repeat 10000 `a_` | camelcase }}{{ end }}",
    "snakecase": "{{ range until 9000 }}{{ repeat 10000 `aB` | snakecase }}{{ end }}",
    "trim": "{{ $s := repeat 500000 ` ` }}{{ range until 10000 }}{{ $_ := trim $s }}{{ end }}{{ fail `done` }}",
    "contains": "{{ $s := repeat 400000 `a` }}{{ range until 10000 }}{{ $_ := contains `ab` $s }}{{ end }}{{fail `done`}}",  # noqa: E501
    "worst contains": "{{ $s := repeat 400000 `a` }}{{ contains (print (repeat 200000 `a`) `b`) $s }}{{ fail `done` }}",
    "a layout": "{{ date (repeat 900000 `2006`) now }}",
    "a layout of a method": "{{ now.Format (repeat 900000 `2006`) }}",
    "a layout to read": "{{ mustToDate (repeat 100000 `.999999999`) (repeat 100000 `.1`) }}",
    "a date of many numbers": "{{ mustToDate (repeat 100 `1`) (print (repeat 150 `1`) `x`) }}",
    "a date of many fractions": "{{ mustToDate (repeat 40 `.99`) (print (repeat 40 `.11`) `x`) }}",
    "a long date": "{{ mustToDate `2006` (repeat 900000 `1`) }}",
    "a duration of digits": "{{ mustDateModify (repeat 900000 `9`) now }}",
    "a duration": "{{ mustDateModify (repeat 100000 `1h`) now }}",
    "a number of digits": "{{ add (repeat 900000 `9`) 1 | fail }}",
    "factors": "{{ $n := 3 }}{{ range until 10000 }}{{ $n = mul $n $n $n $n }}{{ end }}{{ fail `done` }}",
    "factors, floats": "{{ $n := 1e300 }}{{ mulf $n $n }}",
    "places": "{{ round 1.5 1000000000 }}{{ round 1.5 -1000000000 }}{{ fail `done` }}",
    "versions": "{{ range until 9000 }}{{ semverCompare (repeat 50 `1 || `) `1.2.3` }}{{ end }}",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_ends_soon_and_small(name: str) -> None:
    template = compile_template(HOSTILE[name])
    start = time.thread_time()  # the time that it took itself: the machine may be busy
    with pytest.raises(TemplateFailed):
        template.render({})
    assert time.thread_time() - start < MOST_SECONDS


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_template_takes_little_memory(name: str) -> None:
    template = compile_template(HOSTILE[name])
    tracemalloc.start()
    try:
        # More time than usual: memory must be bounded by itself.
        with pytest.raises(TemplateFailed):
            template.render({}, limits=Limits(seconds=0.15))
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "source",
    [
        "x" * (MAX_SOURCE_LENGTH + 1),
        "{{if 1}}" * (MAX_NESTING + 1) + "{{end}}" * (MAX_NESTING + 1),
        "{{" + "(" * 10_000 + "1" + ")" * 10_000 + "}}",
        "{{if 1}}" + "{{else if 1}}" * (MAX_ELSE_IFS + 1) + "{{end}}",
        "{{if 1}}" * 5_000,
        "{{" * 20_000,
        "{{/*" * 10_000,
        "{{`" * 10_001,
        '{{"' + "\\" * 40_001,
        "{{'" + "a" * 40_000,
        "{{" + " " * 49_000,
        "{{" + "9" * 49_000 + "}}",
        "{{1e999}}",
        "{{99999999999999999999}}",
    ],
)
def test_a_hostile_source_is_refused_soon(source: str) -> None:
    start = time.thread_time()
    with pytest.raises(TemplateError):
        compile_template(source)
    assert time.thread_time() - start < MOST_SECONDS


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{if 0}}" + "{{else if 0}}" * MAX_ELSE_IFS + "{{else}}x{{end}}", "x"),
        ("{{if 1}}" * MAX_NESTING + "x" + "{{end}}" * MAX_NESTING, "x"),
        ("{{" + "(" * MAX_NESTING + "1" + ")" * MAX_NESTING + "}}", "1"),
        ("{{ 1 " + "| add 1 " * 100 + "}}", "101"),
        ("x" * MAX_SOURCE_LENGTH, "x" * MAX_SOURCE_LENGTH),
        ("{{ range until 10000 }}x{{ end }}", "x" * 10_000),
    ],
)
def test_what_is_just_allowed_works(source: str, expected: str) -> None:
    assert render(source) == expected


def test_a_long_pipeline_fails_or_runs_but_breaks_nothing() -> None:
    template = compile_template("{{ 1 " + "| add 1 " * 5_000 + "}}")
    with pytest.raises(TemplateFailed, match="nests too deeply"):
        template.render({}, limits=Limits(seconds=20))


@pytest.mark.parametrize(
    ("limits", "source", "problem"),
    [
        (Limits(seconds=-1), "x", "takes too long"),
        (Limits(seconds=20, turns=5), "{{range until 6}}{{end}}", "too many turns"),
        (Limits(seconds=20, steps=64), "{{range until 100}}{{.}}{{end}}", "too many steps"),
        (Limits(seconds=20, steps=64), "{{printf (repeat 100 `%d`)}}", "too many steps"),
        (Limits(seconds=20, steps=64), "{{title (repeat 100 `a `)}}", "too many steps"),
        (Limits(seconds=20, steps=64), "{{untitle (repeat 100 `A `)}}", "too many steps"),
        (Limits(seconds=20, size=5), "xxxxxx", "writes too much"),
        (Limits(seconds=20, size=5), "{{upper `xxxxxx`}}", "makes too much"),
        (Limits(seconds=20, depth=3), "{{list (list (list 1))}}", "nests too deeply"),
    ],
)
def test_each_limit_is_told(limits: Limits, source: str, problem: str) -> None:
    with pytest.raises(TemplateFailed, match=problem):
        compile_template(source).render({}, limits=limits)


def test_all_turns_of_nested_loops_count() -> None:
    source = "{{range until 3}}{{range until 3}}{{end}}{{end}}"
    assert render(source, limits=Limits(seconds=20, turns=12)) == ""
    with pytest.raises(TemplateFailed, match="turns"):
        render(source, limits=Limits(seconds=20, turns=11))


def test_nothing_of_a_run_stays() -> None:
    template = compile_template("{{$n := .n}}{{range until 50}}{{$n = add $n 1}}{{end}}{{$n}}")
    limits = Limits(seconds=20)
    with ThreadPoolExecutor(8) as pool:
        results = pool.map(lambda n: template.render({"n": n}, limits=limits), range(200))
    assert list(results) == [str(n + 50) for n in range(200)]


def test_a_function_may_render_the_template_that_calls_it() -> None:
    def again(depth: int) -> str:
        return template.render({"n": depth - 1}, limits=Limits(seconds=20)) if depth else "."

    template = compile_template("{{.n}}{{again .n}}", {"again": again})
    assert template.render({"n": 3}, limits=Limits(seconds=20)) == "3210."


def test_data_are_never_changed() -> None:
    data = {"m": {"a": {"b": 1}}, "l": [3, 1, 2]}
    for source in (
        "{{set .m `x` 1}}",
        "{{unset .m `a`}}",
        "{{merge .m (dict `x` 1)}}",
        "{{mergeOverwrite .m (dict `x` 1)}}",
    ):
        with pytest.raises(TemplateFailed, match="only a map that the template made"):
            render(source, data)
    source = (
        "{{$m := merge (dict) .m}}{{$m = mergeOverwrite $m (dict `a` (dict `b` 2))}}{{$m.a.b}}"
        "{{$l := .l | append 1}}{{reverse .l}}{{sortAlpha .l}}{{shuffle `ab` | len}}"
    )
    assert render(source.replace(".l | append 1", "append .l 1"), data) == "2[2 1 3][1 2 3]2"
    assert data == {"m": {"a": {"b": 1}}, "l": [3, 1, 2]}


@pytest.mark.parametrize("value", [sys, object(), b"x", {1}, print, 1j, Limits()])
def test_other_objects_cannot_be_reached(value: object) -> None:
    data = Struct({"v": value})
    for source in (
        "{{.v}}",
        "{{.v.__class__}}",
        "{{.v.modules}}",
        "{{if .v}}x{{end}}",
        "{{print .v}}",
        "{{toJson .v}}",
        "{{eq .v 1}}",
        "{{kindOf .v}}",
        "{{len .v}}",
        "{{range .v}}{{end}}",
        "{{upper .v}}",
        "{{index .v 0}}",
    ):
        with pytest.raises(TemplateFailed):
            render(source, data)


@pytest.mark.parametrize("name", ["__class__", "fields", "text", "year", "strftime", "keys", "items", "upper"])
def test_attributes_cannot_be_reached(name: str) -> None:
    for value in (Struct({"a": 1}, text="x"), "text", 5, True, [1]):
        with pytest.raises(TemplateFailed):
            render(f"{{{{.v.{name}}}}}", Struct({"v": value}))
    with pytest.raises(TemplateFailed):
        render(f"{{{{now.{name}}}}}")
    assert render(f"{{{{.v.{name}}}}}", {"v": {}}) == "<no value>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain", "plain"),
        ("two\r\nlines\n", "two  lines "),
        ("x" * 600, "x" * 500),
        ("é" * 600, "é" * 500),
        ("", ""),
    ],
)
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
