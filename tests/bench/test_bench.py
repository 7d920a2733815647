"""The benches' own frame: what it writes, and what it does when a bench fails."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.bench import __main__ as bench


def row(name: str, ours: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": ours,
        "rival": 3.0,
        "rival_name": "them",
        "ratio": ours / 3,
        "unit": "ms",
        "better": "lower",
    }


@pytest.fixture
def benches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Two benches, by name: rows, or an error that they raise."""
    answers: dict[str, Any] = {"first": [row("a", 1.23456), row("b", 2)], "second": [row("c", 3)]}
    monkeypatch.setattr(bench, "HERE", tmp_path)
    for name in answers:
        (tmp_path / f"bench_{name}.py").touch()
        module = ModuleType(name)
        module.measure = lambda name=name: answers[name] if isinstance(answers[name], list) else 1 / 0  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"tests.bench.bench_{name}", module)
    return answers


def written(output: Path) -> dict[str, float]:
    return {entry["name"]: entry["ours"] for entry in json.loads(output.read_text())}


def test_all_rows_are_written_in_order_with_four_digits(benches: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    assert bench.main([], output) == 0
    assert written(output) == {"a": 1.235, "b": 2.0, "c": 3.0}
    assert list(json.loads(output.read_text())[0]) == list(row("a", 1))


def test_a_bench_that_fails_keeps_the_others_rows(
    benches: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "bench.json"
    bench.main([], output)
    benches.update(first="broken", second=[row("c", 4)])
    assert bench.main([], output) == 1
    assert written(output) == {"a": 1.235, "b": 2.0, "c": 4.0}
    assert "first failed" in capsys.readouterr().err


def test_named_benches_leave_the_other_rows_alone(benches: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    bench.main([], output)
    benches.update(first=[row("a", 9)], second=[row("c", 9)])
    assert bench.main(["second"], output) == 0
    assert written(output) == {"a": 1.235, "b": 2.0, "c": 9.0}
    assert bench.main(["third"], output) == 2


def test_a_whole_run_forgets_rows_that_are_measured_no_more(benches: dict[str, Any], tmp_path: Path) -> None:
    output = tmp_path / "bench.json"
    bench.main([], output)
    benches["first"] = [row("a", 9)]
    bench.main([], output)
    assert written(output) == {"a": 9.0, "c": 3.0}


def test_the_machine_is_named() -> None:
    assert "cores" in bench.machine() and "Python 3" in bench.machine()


def test_a_page_shows_every_figure_and_the_readme_the_foremost(
    benches: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "FOREMOST", ("c", "not measured"))
    (tmp_path / "docs").mkdir()
    readme, page = tmp_path / "README.md", tmp_path / bench.PAGE
    for one in (readme, page):
        one.write_text(f"before\n{bench.BEGIN}\nold\n{bench.END}\nafter\n")
    bench.main([], tmp_path / "bench.json")
    for text in (readme.read_text(), page.read_text()):
        assert text.startswith("before\n") and text.endswith("\nafter\n")
        assert "old" not in text and "| c | 3 |" in text and bench.machine() in text
    assert "| a | 1.235 |" in page.read_text() and "| a |" not in readme.read_text()


def test_the_foremost_figures_have_been_measured() -> None:
    assert set(bench.FOREMOST) <= {row["name"] for row in json.loads(bench.OUTPUT.read_text())}
