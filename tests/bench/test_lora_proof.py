"""The proof's own frame: what is measured once is not measured again, and what its table says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.bench import lora_proof


def made(before: float, after: float, reach: float = 0.7) -> dict[str, Any]:
    return {
        "seconds": 100.0,
        "cpu_seconds": 90.0,
        "settings": {"steps": 5},
        "chosen": 5,
        "drift": {"pixels": 0.1, "likeness": 0.25},
        **{
            when: {"second": value, "adherence": 0.9}
            for when, value in (("before", before), ("after", after), ("reach", reach))
        },
    }


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """What was made anew."""
    calls: list[tuple[int, str]] = []

    def make(seed: int, case: str, plan: Any, folder: Path, threads: int) -> dict[str, Any]:
        folder.mkdir(exist_ok=True)
        calls.append((seed, case))
        return made(0.1, 0.5 if case == "frames" else 0.2)

    monkeypatch.setattr(lora_proof, "_made", make)
    return calls


def test_what_was_measured_is_kept_and_another_plan_is_measured_anew(
    measured: list[tuple[int, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few = ["--actors", "2", "--home", str(tmp_path)]
    assert lora_proof.main(few) == 0
    assert len(measured) == 4 and len(list(tmp_path.iterdir())) == 4
    lora_proof.main(few)
    assert len(measured) == 4
    lora_proof.main([*few, "--actors", "3"])
    assert measured[4:] == [(lora_proof.FIRST + 2, case) for case in lora_proof.CASES]
    lora_proof.main([*few, "--steps", "9", "--cases", "cells"])
    assert len(measured) == 8
    said = capsys.readouterr().out
    assert "| the renderer's own frames | 2 | 0.10 ± 0.00 | 0.50 ± 0.00 | 0.70 ± 0.00 | 67%" in said
    assert "≥ 50 %, missed" in said
    assert "90% of what the prompt asks for is drawn (90% without it)" in said and "by 0.25" in said


def test_a_share_of_the_way_is_of_the_means_and_says_how_many_improved() -> None:
    found = [
        {"case": "frames", "plan": {"pictures": 8}, **one} for one in (made(0.1, 0.6), made(0.1, 0.2), made(0.1, 0.0))
    ]
    text = lora_proof.table(found)
    assert "2 of 3" in text and "| 28% (of each" in text and "missed" in text


def test_the_readme_gets_it_between_its_marks(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{lora_proof.BEGIN}\nold\n{lora_proof.END}\nafter\n")
    lora_proof._put("| a table |", readme)
    assert readme.read_text() == f"before\n{lora_proof.BEGIN}\n| a table |\n{lora_proof.END}\nafter\n"
    readme.write_text("nothing")
    with pytest.raises(SystemExit, match="no room"):
        lora_proof._put("| a table |", readme)
