"""The functions that every template can call: Go's own and those of sprig 3.2.3 that need nothing of the machine.

Left out on purpose: ``env``, ``expandenv`` and ``getHostByName``, which would tell viewers of the machine, and
certificates, keys, passwords and paths, which no message needs. Source: sprig's documentation and, where it is silent,
the behaviour of its release 3.2.3.
"""

from stagedoor.templates.functions import Functions
from stagedoor.templates.library import containers, encodings, numbers, own, patterns, texts, times

FUNCTIONS: Functions = {
    **own.FUNCTIONS,
    **texts.FUNCTIONS,
    **numbers.FUNCTIONS,
    **containers.FUNCTIONS,
    **times.FUNCTIONS,
    **patterns.FUNCTIONS,
    **encodings.FUNCTIONS,
}

__all__ = ["FUNCTIONS"]
