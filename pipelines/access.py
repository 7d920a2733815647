"""Who may do what. Every service call that changes something asks here, whoever calls it."""

from __future__ import annotations

from blocks.errors import Denied

__all__ = ["authorize"]


def authorize(user: str, action: str, subject: str = "") -> None:
    """Whether a user may do something; asked by every method that changes anything.

    One local person uses the lab until there are accounts, so every named user may do everything.

    Raises:
        Denied: nobody is named.
    """
    if not user:
        raise Denied(f"Nobody is signed in, so {action} {subject} is refused; open the lab's page again.")
