"""Turns a tree into closures, which is what runs.

An expression becomes ``(rendering, frame, dot) -> value``, an action ``(rendering, frame, dot) -> signal``. The frame
is the list of the variables of one template, ``$`` first. A compiled template keeps nothing of a run, so that one can
run many times at once.
"""

from collections.abc import Callable
from typing import Literal as OneOf

from stagedoor.templates import functions as called
from stagedoor.templates.errors import TemplateFailed, TemplateSyntaxError
from stagedoor.templates.functions import Functions, signature_of
from stagedoor.templates.limits import Rendering
from stagedoor.templates.printing import printed
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
from stagedoor.templates.values import MISSING, BoundMethod, field_of, kind_of, truth

Frame = list[object]
Signal = OneOf[0, 1, 2]
"""How an action ended: it went on, or a ``break`` or ``continue`` is on its way to its loop."""

BREAK: Signal = 1
CONTINUE: Signal = 2

Expression = Callable[[Rendering, Frame, object], object]
Run = Callable[[Rendering, Frame, object], Signal]
Main = Callable[[Rendering, object], None]


def compile_source(source: Source, functions: Functions) -> Main:
    """Compile all templates of a source; give the one that runs it.

    Raises:
        TemplateSyntaxError: When it calls a template that it does not define.
    """
    return Compiler(source, functions).main()


class Compiler:
    """Compiles one source."""

    def __init__(self, source: Source, functions: Functions) -> None:
        self._source = source
        self._functions = functions
        # Filled while compiling: templates may call each other in a circle.
        self._templates: dict[str, Main] = {}

    def main(self) -> Main:
        """Compile the source's own template, after those that it defines."""
        for name, definition in self._source.defined.items():
            self._templates[name] = self._definition(definition)
        return self._definition(self._source.main)

    def _definition(self, definition: Definition) -> Main:
        run = self._body(definition.body)
        more: Frame = [MISSING] * (definition.places - 1)

        def main(rendering: Rendering, data: object) -> None:
            run(rendering, [data, *more], data)

        return main

    # --- actions ---

    def _body(self, body: Body) -> Run:
        runs = tuple(self._part(part) for part in body)
        if not runs:
            return lambda _rendering, _frame, _dot: 0
        if len(runs) == 1:
            return runs[0]

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            for part in runs:
                if signal := part(rendering, frame, dot):
                    return signal
            return 0

        return run

    def _part(self, part: Part) -> Run:
        match part:
            case Text(text):
                return self._text(text)
            case Action(pipeline):
                return self._action(pipeline)
            case If(condition, body, otherwise):
                return self._if(condition, body, otherwise)
            case With(value, body, otherwise):
                return self._with(value, body, otherwise)
            case Range(values, body, otherwise):
                return self._range(values, body, otherwise)
            case Leave(is_break):
                signal = BREAK if is_break else CONTINUE
                return lambda _rendering, _frame, _dot: signal
            case Call(name, argument, line):
                return self._call(name, argument, line)

    def _text(self, text: str) -> Run:
        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.write(text)
            return 0

        return run

    def _action(self, pipeline: Pipeline) -> Run:
        value_of = self._pipeline(pipeline)
        line = pipeline.line
        if pipeline.places:

            def assign(rendering: Rendering, frame: Frame, dot: object) -> Signal:
                rendering.step()
                value_of(rendering, frame, dot)
                return 0

            return assign

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.step()
            value = value_of(rendering, frame, dot)
            try:
                rendering.write(value if type(value) is str else printed(value, rendering))
            except TemplateFailed as error:
                error.line = error.line or line
                raise
            return 0

        return run

    def _if(self, condition: Pipeline, body: Body, otherwise: Body) -> Run:
        value_of, then, other = self._pipeline(condition), self._body(body), self._body(otherwise)

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.step()
            return (then if truth(value_of(rendering, frame, dot)) else other)(rendering, frame, dot)

        return run

    def _with(self, pipeline: Pipeline, body: Body, otherwise: Body) -> Run:
        value_of, then, other = self._pipeline(pipeline), self._body(body), self._body(otherwise)

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.step()
            value = value_of(rendering, frame, dot)
            return then(rendering, frame, value) if truth(value) else other(rendering, frame, dot)

        return run

    def _range(self, pipeline: Pipeline, body: Body, otherwise: Body) -> Run:
        # The loop itself sets the variables, not the pipeline.
        value_of = self._pipeline(Pipeline(pipeline.commands, pipeline.line))
        then, other = self._body(body), self._body(otherwise)
        places, line = pipeline.places, pipeline.line

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.step()
            values = value_of(rendering, frame, dot)
            if isinstance(values, dict):
                keys = sorted(values)
                pairs = [(key, values[key]) for key in keys]
            elif isinstance(values, list | tuple):
                pairs = enumerate(values)  # type: ignore[assignment]  # read once, in order, as the list is
            elif values is None or values is MISSING:
                pairs = []
            else:
                raise TemplateFailed(f"range runs over a list or a map, not {kind_of(values).plain}", line)
            if not values:
                return other(rendering, frame, dot)
            for key, value in pairs:
                rendering.turn()
                if places:
                    frame[places[-1]] = value
                    if len(places) == 2:
                        frame[places[0]] = key
                if then(rendering, frame, value) == BREAK:
                    break
            return 0

        return run

    def _call(self, name: str, argument: Pipeline | None, line: int) -> Run:
        if name not in self._source.defined:
            raise TemplateSyntaxError(f'template "{name}" is not defined', line)
        value_of = self._pipeline(argument) if argument else None
        templates = self._templates

        def run(rendering: Rendering, frame: Frame, dot: object) -> Signal:
            rendering.step()
            rendering.enter()
            templates[name](rendering, value_of(rendering, frame, dot) if value_of else MISSING)
            rendering.leave()
            return 0

        return run

    # --- expressions ---

    def _pipeline(self, pipeline: Pipeline) -> Expression:
        value_of = self._command(pipeline.commands[0], None)
        for command in pipeline.commands[1:]:
            value_of = self._command(command, value_of)
        line, places = pipeline.line, pipeline.places
        place = places[0] if places else None

        def evaluate(rendering: Rendering, frame: Frame, dot: object) -> object:
            try:
                value = value_of(rendering, frame, dot)
            except TemplateFailed as error:
                error.line = error.line or line
                raise
            if place is not None:
                frame[place] = value
            return value

        return evaluate

    def _command(self, command: tuple[Operand, ...], piped: Expression | None) -> Expression:
        first, rest = command[0], command[1:]
        if isinstance(first, Name):
            return self._function(first.name, rest, piped)
        if isinstance(first, Nil):
            return _failing("nil is not a value to print")
        if isinstance(first, Chain):
            return self._chain(first, rest, piped)
        if rest or piped is not None:
            return _failing("only a function can take arguments")
        return self._operand(first)

    def _operand(self, operand: Operand) -> Expression:
        match operand:
            case Literal(value):
                return lambda _rendering, _frame, _dot: value
            case Nil():
                return lambda _rendering, _frame, _dot: None
            case Dot():
                return lambda _rendering, _frame, dot: dot
            case Variable(place):
                return lambda _rendering, frame, _dot: frame[place]
            case Name(name):
                return self._function(name, (), None)
            case Chain():
                return self._chain(operand, (), None)
            case Pipeline():
                return self._pipeline(operand)

    def _chain(self, chain: Chain, rest: tuple[Operand, ...], piped: Expression | None) -> Expression:
        base, fields = self._operand(chain.base), chain.fields
        arguments = tuple(self._operand(operand) for operand in rest)

        def evaluate(rendering: Rendering, frame: Frame, dot: object) -> object:
            last = [piped(rendering, frame, dot)] if piped else []
            value = base(rendering, frame, dot)
            for field in fields:
                if type(value) is BoundMethod:
                    value = value([])
                value = field_of(value, field)
            if type(value) is BoundMethod:
                rendering.step()
                given = [argument(rendering, frame, dot) for argument in arguments] + last
                return value(given)
            if arguments or last:
                raise TemplateFailed(f"{fields[-1]} is not a method and takes no arguments")
            return value

        return evaluate

    def _function(self, name: str, rest: tuple[Operand, ...], piped: Expression | None) -> Expression:
        operands = tuple(self._operand(operand) for operand in rest)
        if name in ("and", "or"):
            return _decisive(name, operands, piped, is_true_decisive=name == "or")
        function = self._functions[name]
        signature = signature_of(function)
        count = len(operands) + (piped is not None)
        problem = signature.count_problem(count)
        if problem is not None:
            return _failing(f"{name} {problem}")
        checks = tuple(signature.check_of(number) for number in range(count))
        operands = tuple(
            _as_integer(operand, rest[number : number + 1]) if checks[number] is called.CHECKS[int] else operand
            for number, operand in enumerate(operands)
        )
        is_given_rendering = signature.is_given_rendering
        arguments_of = tuple(zip(operands, checks[: len(operands)], range(count), strict=False))
        checked, call = called.checked, called.call

        def evaluate(rendering: Rendering, frame: Frame, dot: object) -> object:
            rendering.step()
            last = piped(rendering, frame, dot) if piped else None
            arguments: list[object] = [rendering] if is_given_rendering else []
            for operand, check, number in arguments_of:
                arguments.append(checked(check, name, number, operand(rendering, frame, dot)))
            if piped:
                arguments.append(checked(checks[-1], name, count - 1, last))
            return call(function, name, arguments)

        return evaluate


def _as_integer(operand: Expression, written: tuple[Operand, ...]) -> Expression:
    """Let a literal such as ``2.0`` or ``1e3`` pass for an integer, as Go does."""
    if written and isinstance(written[0], Literal):
        value = written[0].value
        if isinstance(value, float) and value.is_integer():
            return lambda _rendering, _frame, _dot: int(value)
    return operand


def _decisive(
    name: str, operands: tuple[Expression, ...], piped: Expression | None, *, is_true_decisive: bool
) -> Expression:
    """Compile ``and`` and ``or``, which evaluate no further than the first decisive argument."""
    if not operands and not piped:
        return _failing(f"{name} wants 1 or more arguments, not 0")

    def evaluate(rendering: Rendering, frame: Frame, dot: object) -> object:
        rendering.step()
        last = piped(rendering, frame, dot) if piped else None
        value: object = None
        for operand in operands:
            value = operand(rendering, frame, dot)
            if truth(value) is is_true_decisive:
                return value
        return last if piped else value

    return evaluate


def _failing(problem: str) -> Expression:
    def evaluate(rendering: Rendering, frame: Frame, dot: object) -> object:
        raise TemplateFailed(problem)

    return evaluate
