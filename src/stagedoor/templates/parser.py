"""Reads tokens into a tree, and finds all that can be wrong before a run: syntax, unknown functions and variables.

Source of the grammar: Go's package text/template/parse.
"""

from collections.abc import Set as AbstractSet
from typing import Never

from stagedoor.templates.errors import TemplateSyntaxError
from stagedoor.templates.lexer import Token, number_of, tokens_of, unquote
from stagedoor.templates.tree import (
    Action,
    Body,
    Call,
    Chain,
    Definition,
    Dot,
    If,
    Leave,
    Literal,
    Name,
    Nil,
    Operand,
    Part,
    Pipeline,
    Range,
    Source,
    Text,
    Variable,
    With,
)

MAX_SOURCE_LENGTH = 50_000
"""Characters of one template; a chat command's response has at most a few hundred."""

MAX_NESTING = 25
"""Blocks within blocks and parentheses within parentheses; bounds the depth of Python's stack."""

MAX_ELSE_IFS = 100
"""Of one ``if``, and of those around it; each is a block within the one before."""


def parse(source: str, functions: AbstractSet[str]) -> Source:
    """Read a template.

    Raises:
        TemplateSyntaxError: When it is none.
    """
    if len(source) > MAX_SOURCE_LENGTH:
        raise TemplateSyntaxError(f"it has {len(source)} characters; {MAX_SOURCE_LENGTH} is the most")
    return Parser(tokens_of(source), functions).source()


class Parser:
    """One reading of one source, one token after the other."""

    def __init__(self, tokens: list[Token], functions: AbstractSet[str]) -> None:
        self._tokens = tokens
        self._position = 0
        self._functions = functions
        self._result = Source()
        self._definition = self._result.main
        # The variables that can be seen, innermost last, with their places in the frame.
        self._variables: list[tuple[str, int]] = [("$", 0)]
        self._loops = 0
        self._nesting = 0
        self._else_ifs = 0

    # --- tokens ---

    def _peek(self) -> Token:
        return self._tokens[self._position]

    def _next(self) -> Token:
        token = self._tokens[self._position]
        self._position += 1
        return token

    def _take(self, kind: str) -> Token | None:
        return self._next() if self._peek().kind == kind else None

    def _want(self, kind: str, where: str) -> Token:
        return self._take(kind) or self._unexpected(where)

    def _unexpected(self, where: str) -> Never:
        token = self._peek()
        what = "the end of the template" if token.kind == "end" else repr(token.text)
        raise TemplateSyntaxError(f"{where} cannot go on with {what}", token.line)

    def _fail(self, problem: str) -> Never:
        raise TemplateSyntaxError(problem, self._peek().line)

    def _deeper(self) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            self._fail(f"it nests deeper than {MAX_NESTING} levels")

    # --- actions ---

    def source(self) -> Source:
        """Read all of it."""
        body, ending = self._body(is_top=True)
        if ending != "":
            self._fail(f"unexpected {{{{{ending}}}}}")
        self._result.main.body = body
        return self._result

    def _body(self, *, is_top: bool = False) -> tuple[Body, str]:
        """Read up to ``end``, ``else`` or the end of the source; give the keyword that ended it, already taken."""
        parts: list[Part] = []
        while token := self._take("text") or self._take("open"):
            if token.kind == "text":
                parts.append(Text(token.text))
                continue
            word = self._take("keyword")
            if word is None:
                pipeline = self._pipeline("an action")
                self._want("close", "an action")
                parts.append(Action(pipeline))
            elif word.text in ("end", "else"):
                if word.text == "end":
                    self._want("close", "{{end}}")
                return tuple(parts), word.text
            elif word.text == "define":
                if not is_top:
                    self._fail("{{define}} can only stand outside of all blocks")
                self._define()
            else:
                parts.append(self._control(word.text))
        return tuple(parts), ""

    def _control(self, word: str) -> Part:
        self._deeper()
        part: Part
        if word in ("break", "continue"):
            if not self._loops:
                self._fail(f"{{{{{word}}}}} stands outside of {{{{range}}}}")
            self._want("close", f"{{{{{word}}}}}")
            part = Leave(word == "break")
        elif word == "template":
            part = self._template()
        elif word == "block":
            part = self._block()
        else:
            part = self._branches(word)
        self._nesting -= 1
        return part

    def _branches(self, word: str) -> If | With | Range:
        seen = len(self._variables)
        pipeline = self._pipeline(f"{{{{{word}}}}}", in_range=word == "range")
        self._want("close", f"{{{{{word}}}}}")
        inner = len(self._variables)
        self._loops += word == "range"
        body, ending = self._body()
        self._loops -= word == "range"
        del self._variables[inner:]
        otherwise: Body = ()
        if ending == "else":
            if self._peek().kind == "keyword":
                if word != "if" or self._next().text != "if":
                    self._fail(f"there can be no such {{{{else …}}}} in {{{{{word}}}}}")
                # The one {{end}} closes both.
                self._else_ifs += 1
                if self._else_ifs > MAX_ELSE_IFS:
                    self._fail(f"there are more than {MAX_ELSE_IFS} {{{{else if}}}}")
                otherwise, ending = (self._branches("if"),), "end"
                self._else_ifs -= 1
            else:
                self._want("close", "{{else}}")
                otherwise, ending = self._body()
        del self._variables[seen:]
        if ending != "end":
            self._fail(f"{{{{{word}}}}} has no {{{{end}}}}" if not ending else "there is a second {{else}}")
        kind = If if word == "if" else With if word == "with" else Range
        return kind(pipeline, body, otherwise)

    def _template(self) -> Call:
        name = self._want("string", "{{template}}")
        argument = None if self._peek().kind == "close" else self._pipeline("{{template}}")
        self._want("close", "{{template}}")
        return Call(unquote(name), argument, name.line)

    def _block(self) -> Call:
        name = self._want("string", "{{block}}")
        argument = self._pipeline("{{block}}")
        self._want("close", "{{block}}")
        self._definition_of(unquote(name), name.line)
        return Call(unquote(name), argument, name.line)

    def _define(self) -> None:
        name = self._want("string", "{{define}}")
        self._want("close", "{{define}}")
        self._definition_of(unquote(name), name.line)

    def _definition_of(self, name: str, line: int) -> None:
        """Read a body with variables and loops of its own."""
        outer = self._definition, self._variables, self._loops
        self._definition, self._variables, self._loops = Definition(), [("$", 0)], 0
        body, ending = self._body()
        if ending != "end":
            raise TemplateSyntaxError(f"the template {name!r} has no {{{{end}}}}", line)
        self._definition.body = body
        known = self._result.defined.get(name)
        if known is not None and any(not isinstance(part, Text) or part.text.strip() for part in known.body):
            raise TemplateSyntaxError(f"there are two templates {name!r}", line)
        self._result.defined[name] = self._definition
        self._definition, self._variables, self._loops = outer

    # --- pipelines ---

    def _pipeline(self, where: str, *, in_range: bool = False) -> Pipeline:
        line = self._peek().line
        names, sign = self._variables_set(where, in_range=in_range)
        commands = [self._command(where)]
        while self._take("|"):
            command = self._command(where)
            if isinstance(command[0], Literal | Nil | Dot):
                self._fail("only a function or method can take a value from |")
            commands.append(command)
        if sign == "=":
            places = tuple(self._place_of(name) for name in names)
        else:
            places = tuple(self._declare(name) for name in names)
        return Pipeline(tuple(commands), line, places)

    def _variables_set(self, where: str, *, in_range: bool) -> tuple[list[Token], str]:
        """Read ``$x :=``, ``$x =`` and in a range ``$i, $x :=``; nothing when the pipeline sets no variable."""
        start = self._position
        names = [self._next()] if self._peek().kind == "variable" else []
        if names and in_range and self._take(","):
            names.append(self._want("variable", where))
        if names and (sign := self._take(":=") or self._take("=")):
            return names, sign.text
        if len(names) > 1:
            self._unexpected(where)
        self._position = start
        return [], ""

    def _declare(self, token: Token) -> int:
        place = self._definition.places
        self._definition.places += 1
        self._variables.append((token.text, place))
        return place

    def _place_of(self, token: Token) -> int:
        for name, place in reversed(self._variables):
            if name == token.text:
                return place
        raise TemplateSyntaxError(f'variable "{token.text}" is not declared', token.line)

    def _command(self, where: str) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while (token := self._peek()).kind not in ("close", ")", "|", "end", "open", ":=", "=", ","):
            if operands and not token.spaced:
                self._fail(f"a blank is missing before {token.text!r}")
            operands.append(self._operand(where))
        if not operands:
            self._fail(f"a value is missing in {where}")
        return tuple(operands)

    def _operand(self, where: str) -> Operand:
        base = self._term(where)
        fields = list(base.fields) if isinstance(base, Chain) else []
        while self._peek().kind == "field" and not self._peek().spaced:
            if isinstance(base, Literal | Nil | Dot):
                self._fail(f"what is before {self._peek().text} has no fields")
            fields.append(self._next().text[1:])
        if isinstance(base, Chain):
            return Chain(base.base, tuple(fields))
        return Chain(base, tuple(fields)) if fields else base

    def _term(self, where: str) -> Operand:
        token = self._next()
        match token.kind:
            case "field":
                return Chain(Dot(), (token.text[1:],))
            case "variable":
                return Variable(self._place_of(token))
            case "name":
                if token.text not in self._functions:
                    raise TemplateSyntaxError(f'function "{token.text}" is not defined', token.line)
                return Name(token.text)
            case "number":
                return Literal(number_of(token))
            case "string":
                return Literal(unquote(token))
            case "char":
                character = unquote(token)
                if len(character) != 1:
                    raise TemplateSyntaxError(f"{token.text} is not one character", token.line)
                return Literal(ord(character))
            case "bool":
                return Literal(token.text == "true")
            case "nil":
                return Nil()
            case "dot":
                return Dot()
            case "(":
                self._deeper()
                pipeline = self._pipeline("parentheses")
                self._want(")", "parentheses")
                self._nesting -= 1
                return pipeline
        self._position -= 1
        return self._unexpected(where)
