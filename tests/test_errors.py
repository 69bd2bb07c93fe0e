"""What is told of an error that other people's code raises."""

from __future__ import annotations

import pytest

from gnet_audit.errors import said


class Hostile(Exception):  # noqa: N818 - as users name theirs
    """An error whose message raises another one."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __str__(self) -> str:
        raise self.error


def test_an_error_is_told_by_its_kind_and_message_on_one_line() -> None:
    assert said(ValueError("no\n  such   size")) == "ValueError: no such size"
    assert said(ValueError()) == "ValueError"


@pytest.mark.parametrize("error", [ValueError(), SystemExit(3), GeneratorExit()])
def test_a_message_that_raises_is_told_of(error: BaseException) -> None:
    assert said(Hostile(error)) == f"Hostile: its message raises {type(error).__name__}"


def test_an_interrupt_while_the_message_is_made_is_the_users_own() -> None:
    with pytest.raises(KeyboardInterrupt):
        said(Hostile(KeyboardInterrupt()))
