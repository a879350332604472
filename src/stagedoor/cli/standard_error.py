"""Standard error of a server: whatever is written there, by whoever, has passed the redactor."""

import contextlib
import faulthandler
import io
import sys

from stagedoor.redaction import Redactor


def clean_standard_error(redactor: Redactor) -> None:
    """Let all that Python prints on standard error pass the redactor, from now until the end of the process.

    So do log lines with their tracebacks, warnings, exceptions that nobody caught in whichever thread, and what logging
    says of a line that it cannot format. A crash of the interpreter itself prints where it was, and no values; and the
    core file that it would leave, which holds every secret, is not written.
    """
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = CleanStream(sys.stderr, redactor)
        faulthandler.enable(sys.stderr)
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


class CleanStream(io.TextIOWrapper):
    """Writes what a stream would write, each piece cleaned as a whole."""

    def __init__(self, stream: io.TextIOWrapper, redactor: Redactor) -> None:
        stream.flush()
        super().__init__(stream.buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=True)
        self._redactor = redactor
        self._covered = stream
        """Held, as a stream that nobody holds closes what it writes to."""

    def write(self, text: str) -> int:
        """Write cleaned text; returns the length of what was given."""
        super().write(self._redactor.clean(text))
        return len(text)
