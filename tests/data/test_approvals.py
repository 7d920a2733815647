"""Decisions on models: kept by digest, the last one counts, each with who and when."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.errors import InputError
from data.approvals import Decision, decide, decisions
from data.store import Store

PENDING = Decision("a" * 64, "sdxl", "generate", "sdxl", ("lora",), "RAIL", None, "hub", "pending", "", "ada", 1.0)


def test_the_last_decision_counts_and_all_of_them_are_told(tmp_path: Path) -> None:
    with Store.open(tmp_path / "home") as store:
        approved = replace(PENDING, state="approved", why="tried it", who="ben", at=2.0)
        for decision in (PENDING, approved):
            store.write(lambda conn, one=decision: decide(conn, one)).result()  # type: ignore[misc]
        assert decisions(store) == {PENDING.digest: approved}
        entries = store.read("SELECT who, action, subject, detail FROM audit WHERE action LIKE 'model.%'")
        assert [(e["who"], e["action"]) for e in entries] == [("ada", "model.pending"), ("ben", "model.approved")]
        assert json.loads(entries[1]["detail"])["digest"] == PENDING.digest


@pytest.mark.parametrize("wrong", [replace(PENDING, state="perhaps"), replace(PENDING, digest="")])  # type: ignore[arg-type]
def test_a_decision_that_is_none_is_refused(tmp_path: Path, wrong: Decision) -> None:
    with Store.open(tmp_path / "home") as store:
        with pytest.raises(InputError):
            store.write(lambda conn: decide(conn, wrong)).result()
        assert decisions(store) == {}
