"""What can go wrong with a template.

TemplateError
├── TemplateSyntaxError    the text is no template; it cannot be used before somebody mends it
└── TemplateFailed         this run of it failed; nothing of its output may be shown
"""

from stagedoor.errors import StagedoorError


class TemplateError(StagedoorError):
    """A template that cannot be compiled, or whose run failed.

    ``line`` counts from 1; ``None`` when no line is to blame.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem, line)
        self.problem = problem
        self.line = line

    def __str__(self) -> str:
        return self.problem if self.line is None else f"line {self.line}: {self.problem}"


class TemplateSyntaxError(TemplateError):
    """The source is not a template, or names a function or variable that does not exist."""


class TemplateFailed(TemplateError):
    """The run met a value or a limit that it cannot go beyond. Functions raise it to end the run with a reason."""
