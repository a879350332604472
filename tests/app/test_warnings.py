"""What the owner is warned of: one line a subject, without secrets, gone when its cause is."""

import pytest

from stagedoor.app.warnings import Warnings


def clean(line: str) -> str:
    return line.replace("hunter2", "(withheld)")


def test_a_subject_has_one_warning_at_a_time() -> None:
    warnings = Warnings(clean)
    warnings.show("password", "it is empty")
    warnings.show("static", "there is no such folder")
    warnings.show("password", "it is short")
    assert warnings.lines == ["it is short", "there is no such folder"]
    warnings.show("password", None)
    assert warnings.lines == ["there is no such folder"]


def test_what_was_never_warned_of_can_be_taken_back() -> None:
    warnings = Warnings(clean)
    warnings.show("password", None)
    assert warnings.lines == []


def test_a_warning_is_logged_without_secrets_and_not_again_while_it_holds(caplog: pytest.LogCaptureFixture) -> None:
    warnings = Warnings(clean)
    for _ in range(2):
        warnings.show("password", "hunter2 is short")
    assert warnings.lines == ["(withheld) is short"]
    assert caplog.record_tuples == [("stagedoor.app", 30, "(withheld) is short")]


def test_a_part_that_warns_of_one_subject_names_it() -> None:
    warnings = Warnings(clean)
    warn = warnings.of("http/config")
    warn("it is not valid")
    assert warnings.lines == ["http/config: it is not valid"]
    warn(None)
    assert warnings.lines == []
