"""Records in words, and words that cannot become markup."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

from data.records import FileRef, JobInfo
from workbench import components as parts
from workbench.components.views import job_view, result_view
from workbench.components.words import bytes_of, clock, duration, place, rate

FILE = FileRef("ab" * 32, "a.png", "image/png", 1)
JOB = JobInfo("j1", "enhance_picture", "a.png ×4", "RUNNING", inputs={"picture": FILE})


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, ""),
        (-1, "0.0 s"),
        (0.44, "0.4 s"),
        (12.4, "12 s"),
        (200, "3 min 20 s"),
        (1200, "20 min"),
        (7500, "2 h 5 min"),
    ],
)
def test_a_duration_is_as_exact_as_it_helps(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_sizes_and_rates_read_as_people_write_them() -> None:
    assert [bytes_of(size) for size in (None, 12, 1500, 3_100_000, 812_000_000)] == [
        "", "12 B", "1.5 kB", "3.1 MB", "812 MB",
    ]  # fmt: skip
    assert [rate(Fraction(60)), rate(Fraction(60000, 1001)), rate(None)] == ["60 fps", "59.94 fps", ""]


def test_a_time_of_another_day_names_the_day() -> None:
    day = 86_400.0
    assert len(clock(10 * day, now=10 * day + 60)) == 5
    assert clock(10 * day, now=12 * day).startswith(("10 Jan", "11 Jan"))
    assert clock(None) == ""


@pytest.mark.parametrize(
    ("change", "label", "timing"),
    [
        ({"state": "QUEUED"}, "Queued", "waiting for a free place"),
        ({"eta": 8.2}, "Running", "8.2 s left"),
        ({}, "Running", "working out how long"),
        ({"cancelling": True}, "Stopping", "stopping"),
        ({"state": "SUCCEEDED", "started_at": 1.0, "finished_at": 13.0}, "Done", "took 12 s"),
        ({"state": "CANCELLED"}, "Cancelled", ""),
    ],
)
def test_a_job_says_how_it_stands(change: dict[str, object], label: str, timing: str) -> None:
    view = job_view(replace(JOB, **change))  # type: ignore[arg-type]
    assert (view.label, view.timing) == (label, timing)
    assert view.source == FILE.digest
    assert view.can_cancel == (label in ("Queued", "Running"))


def test_a_job_that_made_nothing_yet_has_no_result() -> None:
    lab = SimpleNamespace(media=lambda digest: FILE)
    services = SimpleNamespace(lab=lab, facts=lambda digest: None)
    before, after, notes = result_view(services, None, job_view(JOB))  # type: ignore[arg-type]
    assert before is not None
    assert (before.name, before.url, after, notes) == ("a.png", f"/media/{FILE.digest}", None, [])


def test_what_people_write_is_shown_and_never_run() -> None:
    evil = "<img src=x onerror=alert(1)>\"'"
    job = job_view(JobInfo(evil, "p", evil, "FAILED", error=evil, note=evil, user=evil))
    drawn = [
        parts.stage(job),
        parts.recent([job], evil),
        parts.job_table([job], evil, "all"),
        parts.job_detail(job, [], [("12:00:00", evil)]),
        parts.home([job], [job], [job]),
        parts.problems([evil]),
        parts.note(evil),
        parts.estimate(evil, evil),
        parts.empty(evil, evil),
    ]
    for markup in drawn:
        assert "<img src=x" not in markup
        assert "&lt;img src=x onerror=alert(1)&gt;&#34;&#39;" in markup


def test_a_folder_is_named_as_its_owner_knows_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert place(tmp_path / "lab" / "models") == "~/lab/models"
    assert place("/srv/lab") == "/srv/lab"
