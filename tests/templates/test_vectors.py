"""What Go prints for templates as people write them, and where we print more on purpose."""

import pytest

from stagedoor.templates import Struct, TemplateFailed, TemplateSyntaxError, compile_template
from tests.templates.data import BOT, CHEER, GIFT, MAP, MSG, RAID, SUB, render

FAILS = TemplateFailed
UNUSABLE = TemplateSyntaxError

# Run with Go's text/template, those with functions of sprig read from its source. Departures on purpose: 19, an alias
# that Go's struct has not; 25, integers compare with floats; 37, any integer is one.
VECTORS: list[tuple[int, str, Struct | dict[str, object], str | type[Exception]]] = [
    (1, "Hello {{.User.DisplayName}}!", MSG, "Hello AshKeelVT!"),
    (2, "{{ user . }} -> {{ param 4 . }}", MSG, "AshKeelVT -> test"),
    (3, "{{ param 99 . }}", MSG, "test"),
    (4, '{{- /* note */ -}}  hi  {{- " there" -}}   .', MSG, "hi there."),
    (5, "{{if .Bits}}bits{{else if .FirstMessage}}first{{else}}plain{{end}}", MSG, "plain"),
    (6, "{{with .Reply}}re {{.ParentDisplayName}}{{else}}no reply{{end}}", MSG, "no reply"),
    (7, "{{range $i, $e := .Emotes}}{{if $i}}, {{end}}{{$e.Name}}x{{$e.Count}}{{end}}", MSG, "Kappax2, LULx1"),
    (8, "{{range .Emotes}}{{.ID}} by {{$.User.Name}};{{end}}", MSG, "25 by ashkeelvt;425618 by ashkeelvt;"),
    (9, "{{$n := len .Emotes}}{{$n = 7}}{{$n}}", MSG, "7"),
    (
        10,
        '{{index .Tags "display-name"}}/{{index .Tags "nope"}}/{{.Tags.mod}}/{{.Tags.nope}}',
        MSG,
        "AshKeelVT//0/<no value>",
    ),
    (11, "{{.User.Badges.broadcaster}} {{.User.Badges}}", MSG, "1 map[broadcaster:1 subscriber:0]"),
    (
        12,
        '{{printf "%05d,%-5s,%5.2f,%q,%t,%x,%v,%%" 42 "ab" 2.5 "hi" true 255 1.5}}',
        MSG,
        '00042,ab   , 2.50,"hi",true,ff,1.5,%',
    ),
    (13, '{{printf "%d %s" "x" 7}}', MSG, "%!d(string=x) %!s(int=7)"),
    (14, '{{eq .Channel "a" "ashkeelvt"}} {{ne 1 2}} {{lt 1 2}} {{ge "b" "a"}}', MSG, "true true true true"),
    (15, '{{or .Reply .CustomRewardID "fallback"}} {{and 1 0 2}} {{not 0}}', MSG, "fallback 0 true"),
    (16, '{{.Time.Format "2006-01-02 15:04"}} {{.Time.Year}}', MSG, "2023-05-17 17:45 2023"),
    (
        17,
        "{{.UserName}}: {{.Message}} / {{.Message.Text}}",
        SUB,
        "Cool_User: {Love the stream! [{5 7 30}]} / Love the stream!",
    ),
    (
        18,
        "{{.FromBroadcasterUserName}} brought {{.Viewers}}{{if gt .Viewers 100}}!{{end}}",
        RAID,
        "Cool_User brought 9001!",
    ),
    (19, "{{.ViewerCount}}", RAID, "9001"),
    (
        20,
        "{{if .IsAnonymous}}Anon{{else}}{{.UserName}}{{end}} gave {{.Total}} sub{{if ne .Total 1}}s{{end}}",
        GIFT,
        "Anon gave 1 sub",
    ),
    (
        21,
        "{{.name}} {{.missing}} {{.nil}} {{.list}} {{.f}} {{.m}}",
        MAP,
        "Ada <no value> <no value> [a b c] 2.5 map[a:2 z:1]",
    ),
    (22, "{{range $k, $v := .m}}{{$k}}={{$v}} {{end}}{{range .missing}}x{{else}}none{{end}}", MAP, "a=2 z=1 none"),
    (
        23,
        '{{range .list}}{{if eq . "b"}}{{continue}}{{end}}{{.}}{{end}} {{range .list}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}',  # noqa: E501
        MAP,
        "ac a",
    ),
    (24, '{{define "g"}}[{{.}}]{{end}}{{template "g" .name}}{{block "b" .n}}<{{.}}>{{end}}', MAP, "[Ada]<3>"),
    (25, "{{eq .n 3.0}}", MAP, "true"),
    (26, "{{.Reply.ParentMsgBody}}", MSG, FAILS),
    (27, "{{nosuch .}}", MSG, UNUSABLE),
    (28, "{{ randomInt 6 1 }}", MSG, FAILS),
    (
        29,
        '{{ .UserName | printf "%s!" | html }} {{ "<a&b>" | html }} {{urlquery "a b&c"}}',
        CHEER,
        "Cool_User! &lt;a&amp;b&gt; a+b%26c",
    ),
    (
        30,
        '{{(index .Emotes 1).Name}} {{print 1 2 "x" "y" 3}} {{\'a\'}} {{1_000}} {{0x1F}} {{1e3}}',
        MSG,
        "LUL 1 2xy3 97 1000 31 1000",
    ),
    (31, '{{ .User.DisplayName | upper }} {{ param 1 . | default "nobody" }}', MSG, "ASHKEELVT this"),
    (32, '{{ ternary "mod" "viewer" (eq (index .Tags "mod") "1") }}', MSG, "viewer"),
    (33, '{{ rest (splitList " " .Message) | join " " }}', MSG, "this is a test"),
    (
        34,
        '{{ if contains "test" .Message }}yes{{end}} {{ replace "is" "IS" .Message | trunc 12 }}',
        MSG,
        "yes !command thI",
    ),
    (35, '{{.Total}} {{plural "sub" "subs" .Total}}', GIFT, "1 sub"),
    (36, '{{ count "deaths" }} {{ add 1 2 3 }}', MSG, "2 6"),
    (37, "{{ param (add 1 2) . }}", MSG, "a"),
    (38, "{{.Tags.display-name}}", MSG, UNUSABLE),
    (38, "{{$x}}", MSG, UNUSABLE),
    (38, "{{if .name}}a", MSG, UNUSABLE),
    (39, "{{ count 5 }}", MSG, FAILS),
    (39, "{{ user }}", MSG, FAILS),
    (39, '{{eq .Bits "5"}}', MSG, FAILS),
    (39, "{{param -1 .}}", MSG, FAILS),
    (39, "{{nil}}", MSG, FAILS),
    (40, 'a{{"b"}}\n  {{- "c"}}', MAP, "abc"),
    (41, '{{len .name}} {{len "é"}} {{true}} {{2.50}} {{print .nil}}', MAP, "3 2 true 2.5 <nil>"),
    (42, "{{with $u := .User}}{{$u.Name}} {{.Name}}{{end}}", MSG, "ashkeelvt ashkeelvt"),
    (43, "{{if and .nil .nil.foo}}a{{else}}b{{end}}", MAP, "b"),
    (44, "{{index .list 5}}", MAP, FAILS),
]


@pytest.mark.parametrize(("number", "source", "data", "expected"), VECTORS)
def test_output(number: int, source: str, data: object, expected: str | type[Exception]) -> None:
    if expected is UNUSABLE:
        with pytest.raises(TemplateSyntaxError):
            compile_template(source, BOT)
    elif expected is FAILS:
        template = compile_template(source, BOT)
        with pytest.raises(TemplateFailed):
            template.render(data)
    else:
        assert render(source, data) == expected


def test_there_are_all() -> None:
    assert {vector[0] for vector in VECTORS} == set(range(1, 45))
