"""What a face does: the eleven expressions as positions of brows, lids, pupils and mouth, and speech on top."""

from __future__ import annotations

from dataclasses import dataclass, replace

__all__ = ["MOODS", "Mood"]


@dataclass(frozen=True)
class Mood:
    """One expression. Lengths are in half heads, shares are 0 to 1; zero is a face at rest.

    Attributes:
        inner: how far the inner ends of the brows rise; ``outer`` the outer ends; ``uneven`` adds to the right brow
            and takes from the left.
        lids: opening of the eyes, 1 at rest; ``lower`` how far the lower lid rises, as a share of the eye.
        pupil: size of iris and pupil, 1 at rest; ``gaze`` where they look, sideways (-1 to 1).
        smile: rise of the corners of the mouth; ``skew`` lifts the right one.
        gape: opening of the mouth; ``wide`` its width, 1 at rest; ``upper`` share of the opening above the middle.
        teeth: share of the opening that upper teeth fill; ``clench`` shows both rows; ``tongue`` shows it.
    """

    inner: float = 0.0
    outer: float = 0.0
    uneven: float = 0.0
    lids: float = 1.0
    lower: float = 0.0
    pupil: float = 1.0
    gaze: float = 0.0
    smile: float = 0.055
    skew: float = 0.0
    gape: float = 0.0
    wide: float = 1.0
    upper: float = 0.3
    teeth: float = 0.0
    clench: bool = False
    tongue: bool = False
    flush: float = 0.0
    green: float = 0.0
    tear: bool = False
    sweat: bool = False
    sparkle: bool = False
    bags: bool = False
    wrinkle: bool = False
    scar: bool = False

    def speaking(self, loud: float) -> Mood:
        """The same mood while the mouth forms a sound, ``loud`` 0 to 1."""
        if loud <= 0.05:
            return self
        return replace(self, gape=max(self.gape, 0.13 * loud), wide=self.wide * (1 - 0.15 * loud), clench=False)

    def blinking(self) -> Mood:
        return replace(self, lids=0.06)


MOODS: dict[str, Mood] = {
    "neutral": Mood(),
    "angry": Mood(
        inner=-0.15, outer=0.07, lids=0.72, lower=0.12, pupil=0.9, smile=-0.07, gape=0.075, wide=1.05, upper=0.5,
        teeth=1.0, clench=True, flush=0.55, wrinkle=True,
    ),
    "happy": Mood(
        inner=0.02, outer=0.02, lids=0.80, lower=0.32, smile=0.15, gape=0.13, wide=1.22, upper=0.0, teeth=0.45,
        flush=0.5,
    ),
    "surprised": Mood(
        inner=0.16, outer=0.14, lids=1.34, pupil=0.82, smile=-0.01, gape=0.17, wide=0.55, upper=0.5,
    ),
    "sleepy": Mood(inner=0.05, outer=-0.02, lids=0.26, pupil=1.0, smile=-0.015, gape=0.02, wide=0.75, bags=True),
    "suspicious": Mood(
        inner=-0.05, outer=0.0, uneven=0.085, lids=0.52, lower=0.22, gaze=0.75, smile=-0.03, skew=0.06, wide=0.85,
    ),
    "excited": Mood(
        inner=0.12, outer=0.11, lids=1.26, pupil=1.22, smile=0.17, gape=0.24, wide=1.25, upper=0.0, teeth=0.25,
        tongue=True, flush=0.8, sparkle=True,
    ),
    "scarred": Mood(scar=True),
    "sad": Mood(inner=0.14, outer=-0.07, lids=0.78, pupil=1.1, smile=-0.12, wide=0.85, tear=True),
    "fearful": Mood(
        inner=0.17, outer=0.04, lids=1.36, pupil=0.52, smile=-0.10, gape=0.085, wide=1.15, upper=0.5, teeth=1.0,
        clench=True, sweat=True,
    ),
    "disgusted": Mood(
        inner=-0.08, outer=-0.03, uneven=0.03, lids=0.58, lower=0.30, pupil=0.9, smile=-0.10, skew=-0.045, gape=0.10,
        wide=0.92, upper=0.25, tongue=True, green=0.5, wrinkle=True,
    ),
}  # fmt: skip
