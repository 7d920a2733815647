"""Cosines become chances that mean what they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from blocks.errors import InputError, NotAvailable, UnreadableFile
from blocks.scores.calibration import Calibration, Trials, fit, fit_trials


def people(persons: int, pictures: int, spread: float = 1.6, width: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings around a middle for each person, and whose they are."""
    random = np.random.default_rng(5)
    middles = random.normal(size=(persons, 1, width))
    found = (middles + spread * random.normal(size=(persons, pictures, width))).reshape(-1, width)
    return found / np.linalg.norm(found, axis=1, keepdims=True), np.repeat(np.arange(persons), pictures)


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    return fit(*people(80, 12), embedder="e" * 64, domain="pocket", counts=(1, 4, 8))


def trials(genuine: float, impostor: float, spread: float = 0.1, count: int = 4000) -> Trials:
    random = np.random.default_rng(6)
    return Trials(random.normal(genuine, spread, count), random.normal(impostor, spread, 3 * count))


def test_the_posterior_is_the_share_of_genuine_pictures_at_that_cosine() -> None:
    """Two bells of one width have a logistic posterior, whose slope and middle are known."""
    curve = fit_trials({1: trials(0.6, 0.1)}, embedder="e", domain="d").curves[1]
    assert curve.slope == pytest.approx(0.5 / 0.1**2, rel=0.1)
    assert -curve.intercept / curve.slope == pytest.approx(0.35, abs=0.01)


def test_how_many_trials_there_were_of_each_kind_does_not_move_it() -> None:
    cosines = trials(0.6, 0.1)
    few = Trials(cosines.genuine, cosines.impostor[:600])
    for found in (fit_trials({1: cosines}, embedder="e", domain="d"), fit_trials({1: few}, embedder="e", domain="d")):
        assert found.posterior(0.35, 1) == pytest.approx(0.5, abs=0.05)


def test_a_higher_cosine_never_has_a_lower_chance_or_a_higher_rate_of_false_accepts(calibration: Calibration) -> None:
    for count in (1, 2, 3, 5, 8, 100):
        chances = [calibration.posterior(c, count) for c in np.linspace(-1, 1, 81)]
        rates = [calibration.false_accept(c, count) for c in np.linspace(-1, 1, 81)]
        assert chances == sorted(chances)
        assert rates == sorted(rates, reverse=True)
        assert 0 <= chances[0] < 0.01 and 0.99 < chances[-1] <= 1


def test_more_references_ask_for_a_higher_cosine(calibration: Calibration) -> None:
    """The mean of many lies nearer to the person, so what was much with one reference is little with eight."""
    gates = [calibration.cosine_at(0.85, count) for count in (1, 2, 4, 6, 8)]
    assert gates == sorted(gates) and gates[0] < gates[-1]
    assert calibration.posterior(gates[0], 1) == pytest.approx(0.85)
    assert calibration.cosine_at(0.85, 50) == gates[-1]


def test_classes_that_do_not_overlap_still_give_finite_numbers() -> None:
    apart = Trials(np.linspace(0.7, 0.8, 30), np.linspace(-0.1, 0.1, 30))
    found = fit_trials({1: apart}, embedder="e", domain="d")
    assert 0.5 < found.posterior(0.75, 1) < 1
    assert found.posterior(0.0, 1) < 0.05


def test_one_wrong_label_in_hundreds_changes_little() -> None:
    clean = trials(0.6, 0.1, count=400)
    wrong = Trials(np.append(clean.genuine, -0.9), clean.impostor)
    gates = [fit_trials({1: t}, embedder="e", domain="d").cosine_at(0.85, 1) for t in (clean, wrong)]
    assert gates[1] == pytest.approx(gates[0], abs=0.05)


def test_false_accepts_that_no_trial_showed_are_not_called_impossible(calibration: Calibration) -> None:
    assert calibration.false_accept(1.0, 1) == pytest.approx(1 / (calibration.curves[1].impostor + 1))


def test_the_curve_falls_from_everybody_to_nobody(calibration: Calibration) -> None:
    points = calibration.far_tar_curve(3)
    assert [points[0][name] for name in ("threshold", "far", "tar")] == [-1, 1, 1]
    for name in ("far", "tar"):
        column = [point[name] for point in points]
        assert column == sorted(column, reverse=True)
    assert all(point["tar"] >= point["far"] for point in points)


def test_what_is_written_is_read_again_beside_that_of_other_recognisers(
    calibration: Calibration, tmp_path: Path
) -> None:
    path = tmp_path / "calibration.json"
    other = fit(*people(30, 4), embedder="f" * 64, domain="photo")
    for one in (other, calibration, other):
        one.write(path)
    assert Calibration.read(path, "e" * 64, "pocket") == calibration
    assert Calibration.read(path, "f" * 64).domain == "photo"
    assert len(json.loads(path.read_text())["calibrations"]) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["calibration.json"]
    with pytest.raises(NotAvailable, match="photo"):
        Calibration.read(path, "e" * 64, "photo")


def test_rows_without_an_embedding_are_left_out() -> None:
    embeddings, who = people(40, 4)
    holes = np.concatenate([embeddings, np.zeros((5, 32)), np.full((5, 32), np.nan)])
    found = fit(holes, np.concatenate([who, np.zeros(10, int)]), embedder="e", domain="d", counts=(1,))
    assert found.curves[1].genuine == fit(embeddings, who, embedder="e", domain="d", counts=(1,)).curves[1].genuine


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "{",
        "[]",
        '{"format": 9, "calibrations": []}',
        '{"format": 1, "calibrations": [{}]}',
        '{"format": 1, "calibrations": [{"embedder": "e", "domain": "d", "counts": {}}]}',
        '{"format": 1, "calibrations": [{"embedder": "e", "domain": "d", "counts": {"1": {"slope": -1}}}]}',
    ],
)
def test_a_damaged_file_is_named(broken: str, tmp_path: Path) -> None:
    path = tmp_path / "calibration.json"
    path.write_text(broken)
    with pytest.raises(UnreadableFile, match=r"calibration\.json"):
        Calibration.read(path)


def test_no_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="raw cosines"):
        Calibration.read(tmp_path / "calibration.json")


def test_too_few_pictures_or_an_embedder_that_sees_no_people_are_refused() -> None:
    with pytest.raises(InputError, match="more"):
        fit(*people(2, 2), embedder="e", domain="d")
    with pytest.raises(InputError, match="cannot tell"):
        fit_trials({1: trials(0.1, 0.6)}, embedder="e", domain="d")
    with pytest.raises(InputError, match="finite"):
        fit_trials({1: Trials(np.full(99, np.nan), np.zeros(99))}, embedder="e", domain="d")
