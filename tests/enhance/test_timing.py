"""New frames are shown at exactly the right times."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.errors import InputError
from enhance.timing import Source, Target, schedule

TICK = Fraction(1, 1000)


def whole(pts, end, rate=None, time_base=TICK):
    return Source(0, pts, end, pts[0], time_base, rate)


def times(made):
    return [moment.pts * made.time_base for moment in made.moments]


def test_sixty_to_a_hundred_and_twenty_doubles_the_frames_in_the_same_time():
    made = schedule(whole(range(10), 10, Fraction(60), Fraction(1, 60)), Target.read(fps="120"))
    assert times(made) == [Fraction(n, 120) for n in range(20)]
    assert made.end * made.time_base == Fraction(10, 60)
    assert [moment.t for moment in made.moments[:4]] == [0, Fraction(1, 2), 0, Fraction(1, 2)]


@given(
    gaps=st.lists(st.integers(1, 5000), min_size=1, max_size=30),
    start=st.integers(-1000, 1000),
    factor=st.integers(1, 8),
)
def test_a_whole_factor_divides_every_gap_exactly(gaps, start, factor):
    pts = [start + sum(gaps[:i]) for i in range(len(gaps) + 1)]
    made = schedule(whole(pts[:-1], pts[-1]), Target(factor=Fraction(factor)))
    shown = times(made)
    assert len(shown) == factor * len(gaps)
    assert [time / TICK for time in shown[::factor]] == pts[:-1]
    assert made.end * made.time_base == pts[-1] * TICK
    for i, gap in enumerate(gaps):
        assert shown[i * factor : (i + 1) * factor] == [
            (pts[i] + Fraction(j * gap, factor)) * TICK for j in range(factor)
        ]


@pytest.mark.parametrize(
    ("rate", "fps"), ((24, "60"), (30, "120"), (25, "60"), (60, "24"), (24, "23.976"), (50, "60000/1001"))
)
def test_any_rate_becomes_any_other_on_an_even_grid(rate, fps):
    target = Target.read(fps=fps)
    made = schedule(whole(range(50), 50, Fraction(rate), Fraction(1, rate)), target)
    assert times(made) == [n / target.fps for n in range(len(made.moments))]
    assert len(made.moments) == -(-Fraction(50, rate) * target.fps // 1)
    for moment in made.moments:
        assert (moment.frame + moment.t) / rate == moment.pts * made.time_base


def test_every_source_frame_that_lies_on_the_grid_is_kept_as_it_is():
    made = schedule(whole(range(24), 24, Fraction(24), Fraction(1, 24)), Target.read(fps="60"))
    assert [moment.frame for moment in made.moments if not moment.t] == list(range(0, 24, 2))


def test_rounded_timestamps_of_a_constant_rate_move_nothing():
    pts = [round(i * 1000 / 30) for i in range(30)]
    made = schedule(whole(pts, 1000, Fraction(30)), Target.read(fps="120"))
    assert len(made.moments) == 120
    assert {moment.t for moment in made.moments} == {Fraction(n, 4) for n in range(4)}
    assert [made.moments[4 * i].pts * made.time_base for i in range(30)] == [p * TICK for p in pts]


def test_a_varying_rate_is_sampled_where_it_is_in_time():
    made = schedule(whole([0, 100, 350], 400), Target.read(fps="20"))
    assert [(moment.frame, moment.t) for moment in made.moments] == [
        (0, 0),
        (0, Fraction(1, 2)),
        (1, 0),
        (1, Fraction(1, 5)),
        (1, Fraction(2, 5)),
        (1, Fraction(3, 5)),
        (1, Fraction(4, 5)),
        (2, 0),
    ]


@given(
    count=st.integers(1, 40),
    cuts=st.sets(st.integers(1, 39)),
    rate=st.sampled_from([None, Fraction(30), Fraction(24000, 1001)]),
    target=st.sampled_from([Target.read(fps="50"), Target.read(fps="59.94"), Target.read(factor="3")]),
)
def test_pieces_give_the_same_frames_as_the_whole(count, cuts, rate, target):
    pts = [round(i / (rate or 30) / TICK) + (0 if rate else i % 3) for i in range(count + 1)]
    edges = [0, *sorted(cut for cut in cuts if cut < count), count]
    pieces = []
    for first, last in pairwise(edges):
        part = schedule(Source(first, pts[first:last], pts[last], 0, TICK, rate), target)
        pieces += [(moment.pts, moment.frame + first, moment.t) for moment in part.moments]
    made = schedule(whole(pts[:-1], pts[-1], rate), target)
    assert pieces == [(moment.pts, moment.frame, moment.t) for moment in made.moments]


def test_short_names_of_broadcast_rates_are_understood():
    for text in ("59.94", "60000/1001", "60000:1001"):
        assert Target.read(fps=text).fps == Fraction(60000, 1001)
    assert Target.read(fps="23.98").fps == Fraction(24000, 1001)
    assert Target.read(fps="12.5").fps == Fraction(25, 2)
    assert Target.read(fps="120", factor="3") == Target(fps=Fraction(120))


@pytest.mark.parametrize("settings", ({"fps": "fast"}, {"fps": "0"}, {"fps": "1e9"}, {"factor": "-2"}, {"fps": "1/0"}))
def test_nonsense_is_refused_with_an_example(settings):
    with pytest.raises(InputError, match=r"120|choose"):
        Target.read(**settings)


def test_a_broken_factor_needs_a_constant_rate():
    with pytest.raises(InputError, match="varying rate"):
        schedule(whole([0, 10, 40], 50), Target.read(factor="5/2"))


def test_a_clock_too_fine_for_a_file_is_rounded_and_never_stands_still():
    nano = Fraction(1, 10**9)
    made = schedule(Source(0, [0, 16_666_667, 33_333_333], 50_000_000, 0, nano, None), Target.read(factor="7"))
    assert made.time_base.denominator < 2**31
    assert min(made.lengths()) > 0
    assert abs(made.moments[7].pts * made.time_base - 16_666_667 * nano) < Fraction(1, 10**8)
