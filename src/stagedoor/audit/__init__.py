"""The audit log: who came in, who was refused, what the owner decided, one line each, in a chain that shows gaps.

It lies in the data folder and knows no hub; :mod:`stagedoor.services.audit` joins it to one.
"""

from stagedoor.audit.chain import FIRST, Entry, Head, Problem, Verdict
from stagedoor.audit.log import AuditLog, ignore
from stagedoor.audit.reading import Page, Wanted, export_files, read_page
from stagedoor.audit.verification import Stopped, verify

__all__ = [
    "FIRST",
    "AuditLog",
    "Entry",
    "Head",
    "Page",
    "Problem",
    "Stopped",
    "Verdict",
    "Wanted",
    "export_files",
    "ignore",
    "read_page",
    "verify",
]
