"""``home``: use, settings, copies, and the record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.workbench.commands.conftest import Said

Run = Callable[..., Said]


def test_use_is_what_is_shown_without_a_word(run: Run) -> None:
    assert "database" in run("home").out
    assert run("home", "use", "--json").json["free"] > 0


def test_a_setting_says_whether_it_was_set(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_PORT", "7999")
    settings = {row["variable"]: row for row in run("home", "settings", "--json").json}
    assert (settings["LAB_PORT"]["value"], settings["LAB_PORT"]["from"]) == ("7999", "set")
    assert settings["LAB_WARM"]["from"] == "default"
    assert "Port to serve at" in run("home", "settings").out


def test_a_copy_is_taken_and_listed(run: Run) -> None:
    taken = run("home", "copy", "--json").json
    assert (Path(taken["path"]) / "lab.duckdb").is_file()
    assert taken["path"] in run("home", "copies").out


def test_the_record_is_shown_and_whole(run: Run) -> None:
    assert "store.open" in run("home", "audit").out
    assert len(run("home", "audit", "--limit", 1, "--json").json) == 1
    said = run("home", "check")
    assert (said.code, said.out.startswith("Whole: all ")) == (0, True)
