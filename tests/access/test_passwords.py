"""Passwords: drawn ones cannot be guessed, chosen ones are judged."""

import pytest

from stagedoor.access import generate_password, weakness


def test_generated_passwords_are_long_and_all_different() -> None:
    drawn = {generate_password() for _ in range(100)}
    assert len(drawn) == 100
    assert {len(password) for password in drawn} == {28}
    assert all(password.isascii() and password.replace("-", "").replace("_", "").isalnum() for password in drawn)


def test_a_generated_password_is_not_weak() -> None:
    assert weakness(generate_password()) is None


@pytest.mark.parametrize(
    ("password", "warning"), [("", "empty"), ("hunter2", "7 characters"), ("x" * 15, "15 characters")]
)
def test_a_weak_password_is_told(password: str, warning: str) -> None:
    problem = weakness(password)
    assert problem is not None
    assert warning in problem
    assert not password or password not in problem


def test_sixteen_characters_are_enough() -> None:
    assert weakness("x" * 16) is None
