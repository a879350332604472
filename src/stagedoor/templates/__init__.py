"""Templates for what is said in chat: Go's ``text/template`` with the functions of sprig.

    template = compile_template("Thank you {{ .UserName }}!")
    template.render(Struct({"UserName": "Ada"}))   # "Thank you Ada!"

A template is compiled once and may run many times, in several threads at once. A run reads the data that it is given
and the functions of its owner, nothing else: no attribute of a Python object, no file, no environment. What it may use
is bounded by :class:`Limits`. Its output is whole, or the run raises :class:`TemplateFailed`.

How regular expressions are kept from holding everything up is told in :mod:`stagedoor.templates.library.patterns`; how
the owner's own functions state what they want, in :mod:`stagedoor.templates.functions`. Where this departs from Go on
purpose is listed in the page "Templates" of the documentation.
"""

from stagedoor.templates.compiler import Main, compile_source
from stagedoor.templates.errors import TemplateError, TemplateFailed, TemplateSyntaxError
from stagedoor.templates.functions import Function, Functions
from stagedoor.templates.layouts import local_now
from stagedoor.templates.library import FUNCTIONS
from stagedoor.templates.limits import Clock, Limits, Rendering, one_line
from stagedoor.templates.parser import parse
from stagedoor.templates.values import MISSING, Struct, TypedMap

__all__ = [
    "FUNCTIONS",
    "MISSING",
    "Clock",
    "Function",
    "Functions",
    "Limits",
    "Rendering",
    "Struct",
    "Template",
    "TemplateError",
    "TemplateFailed",
    "TemplateSyntaxError",
    "TypedMap",
    "compile_template",
    "one_line",
]


class Template:
    """A compiled template; :func:`compile_template` makes it."""

    __slots__ = ("_main", "source")

    def __init__(self, source: str, main: Main) -> None:
        self.source = source
        self._main = main

    def __repr__(self) -> str:
        return f"<Template {self.source[:40]!r}>"

    def render(self, data: object, *, limits: Limits = Limits(), clock: Clock = local_now) -> str:  # noqa: B008
        """Run it on ``data``.

        Args:
            data: What ``.`` and ``$`` stand for; never changed.
            limits: What the run may use.
            clock: Gives the time, aware of its zone; that zone is the one in which ``date`` writes.
        Returns:
            The whole output, line ends and all; :func:`one_line` makes it fit for chat.
        Raises:
            TemplateFailed: When any part of the run fails, or a limit is met.
        """
        rendering = Rendering(limits, clock)
        try:
            self._main(rendering, data)
            rendering.check()
        except RecursionError:
            raise TemplateFailed("it nests too deeply") from None
        return "".join(rendering.output)


def compile_template(source: str, functions: Functions = {}) -> Template:  # noqa: B006  (never changed)
    """Compile a template.

    Args:
        source: The template's text.
        functions: The owner's own functions, which go before the built-in ones of the same name.
    Raises:
        TemplateSyntaxError: When the text is no template, or names a function, variable or template that is not there.
        TypeError: When a function of the owner has a parameter that no value of a template can be.
    """
    known = {**FUNCTIONS, **functions}
    return Template(source, compile_source(parse(source, known.keys() | {"and", "or"}), known))
