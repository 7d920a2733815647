"""Who is asking, and whether they may: the two questions that every handler and route puts first.

On a loopback address without accounts everybody who can reach the lab is its administrator. The questions are
asked all the same, with a user and a subject, so that accounts change the answers here and nothing elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from blocks.errors import Denied

__all__ = ["LOCAL_ADMIN", "Action", "User", "authorize", "who"]

Action = Literal["view", "run", "manage", "export"]
"""view: see jobs and media. run: start jobs. manage: cancel and retry them. export: take files out."""


@dataclass(frozen=True, slots=True)
class User:
    """A person as the workbench knows them.

    Attributes:
        name: recorded with every job and every transition.
        rights: what they may do.
    """

    name: str
    rights: frozenset[Action]


LOCAL_ADMIN = User("admin", frozenset({"view", "run", "manage", "export"}))


def who(request: Any) -> User:
    """The person behind a request (`gradio.Request` or Starlette's); never taken from what the page sent along."""
    return LOCAL_ADMIN


def authorize(user: User, action: Action, subject: str) -> None:
    """Let the call go on, or raise.

    Args:
        user: from `who`.
        action: what is about to be done.
        subject: to what: "job 3f2a", "file 9c1e...", "pipeline enhance_clip".

    Raises:
        Denied: the user lacks the right.
    """
    if action not in user.rights:
        raise Denied(f"{user.name} may not {action} {subject}. Ask an administrator of this lab for the right.")
