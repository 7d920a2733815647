"""The registry of models: what was decided of each, by the digest of its bytes. Other bytes are another model.

Nothing is ever deleted from it: what was approved and what was blocked can be told long after the file is gone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from blocks.errors import InputError
from data import audit
from data.store import Connection, Store

__all__ = ["APPROVALS", "Approval", "Decision", "decide", "decisions"]

Approval = Literal["approved", "pending", "blocked"]
"""Whether a model may run: only an approved one may."""

APPROVALS: tuple[Approval, ...] = get_args(Approval)


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided of a model.

    Attributes:
        digest: SHA-256 of its file, or of its folder's manifest.
        name, kind, family, capabilities, licence, commercial, source: as they were when it was decided.
        why: what the person who decided wrote; may be "".
        at: seconds since 1970.
    """

    digest: str
    name: str
    kind: str
    family: str
    capabilities: tuple[str, ...]
    licence: str
    commercial: bool | None
    source: str
    state: Approval
    why: str
    who: str
    at: float


def decide(connection: Connection, decision: Decision) -> Decision:
    """Write a decision down, with who and when; the last one counts.

    Raises:
        InputError: there is no such state, or no digest.
    """
    if decision.state not in APPROVALS or len(decision.digest) != 64:
        raise InputError(f"A model is {', '.join(APPROVALS)}, by its digest; not {decision.state!r}.")
    row = asdict(decision) | {"capabilities": json.dumps(decision.capabilities)}
    connection.put("models", [row])
    detail = {"digest": decision.digest, "family": decision.family, "licence": decision.licence, "why": decision.why}
    audit.append(connection, decision.who, f"model.{decision.state}", decision.name, detail)
    return decision


def decisions(store: Store) -> dict[str, Decision]:
    """Every decision, by digest."""
    rows: list[dict[str, Any]] = store.read("SELECT * FROM models")
    found = (Decision(**{**row, "capabilities": tuple(json.loads(row["capabilities"] or "[]"))}) for row in rows)
    return {decision.digest: decision for decision in found}
