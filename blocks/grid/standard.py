"""The standard set of a variation grid: what every character should be seen as, under keys that never change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from blocks.errors import InputError
from blocks.grid.joints import check_joints

__all__ = ["SECTIONS", "Cell", "read_cell", "standard_set"]

EXPRESSIONS = (
    *("neutral", "angry", "happy", "surprised", "sleepy", "suspicious", "excited", "scarred", "sad", "fearful"),
    "disgusted",
)
VIEWS = ("side_left", "side_right", "half_left", "half_right")
LIGHTINGS = (
    *("photostudio", "sunny_day", "evening", "night", "office", "dimmed_warm", "rembrandt", "noir", "backlight"),
)
POSES = ("bust", "upper_body", "standing", "walking", "sitting")

SECTIONS = ("Expressions", "Perspectives and light", "Bodies", "Reference sheet")
"""What the cells of the standard set stand under, in order."""

_SQUARE, _TALL, _FULL = 1.0, 1.5, 2.0
_ASPECT = {"bust": _SQUARE, "upper_body": _TALL, "sitting": _TALL}
_SHEET: Mapping[str, tuple[str, str, float]] = {
    "front": ("front view, neutral", "", _SQUARE),
    "profile_left": ("side left, neutral", "", _SQUARE),
    "profile_right": ("side right, neutral", "", _SQUARE),
    "full_front": ("front view, neutral, standing", "standing", _FULL),
    "full_back": ("back view, standing", "standing", _FULL),
    "three_quarter": ("half left, neutral, upper body", "upper_body", _TALL),
    "action": ("half right, excited, walking", "walking", _FULL),
    "expression": ("front view, happy", "", _SQUARE),
}
_NO_FACE = frozenset({"sheet_full_back"})
_SEEN = {"sheet_full_back": "back", "sheet_three_quarter": "half_left", "sheet_action": "half_right"}


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of a grid, and all that makes its picture what it is.

    Attributes:
        key: its name, for ever; the label of the takes that are made for it.
        section, title: what it stands under, and what it is called there.
        prompt: words that join those of the character.
        pose: of a body that a pose ControlNet is to hold, "" where the words are enough.
        view: from where that pose is seen.
        points: that body's joints where a person has moved them (see `blocks.grid.joints`); none where it is as set.
        aspect: height by width; the nearest size that the model is made for is taken.
        scored: whether a face is to be seen; a cell without one is never flagged and never redone for its score.
    """

    key: str
    section: str
    title: str
    prompt: str
    pose: str = ""
    view: str = "front"
    aspect: float = _SQUARE
    scored: bool = True
    points: tuple[Mapping[str, Any], ...] = ()

    def write(self) -> dict[str, Any]:
        """The cell as plain JSON; `read_cell` reads it back."""
        return asdict(self) | {"points": [dict(point) for point in self.points]}


def read_cell(written: Mapping[str, Any]) -> Cell:
    """A cell from its JSON; a key alone is one of the standard set.

    Raises:
        InputError: it says something that no cell has, or nothing to draw.
    """
    known = {field.name: field for field in fields(Cell)}
    unknown = sorted(set(written) - set(known))
    if unknown:
        raise InputError(f"A cell has no {', '.join(unknown)}; it has {', '.join(known)}.")
    key = str(written.get("key") or "")
    base = next((cell.write() for cell in standard_set() if cell.key == key), {"section": "Own", "title": ""})
    facts = {**base, **written}
    if not str(facts.get("prompt") or "").strip():
        raise InputError(f"The cell {key or '(without a key)'} says nothing to draw; give it a prompt.")
    aspect = facts.get("aspect", _SQUARE)
    if isinstance(aspect, bool) or not isinstance(aspect, int | float) or not 0.25 <= aspect <= 4:
        raise InputError(f"The cell {key} cannot be {aspect!r} times as high as wide; 0.25 to 4 can be drawn.")
    texts = {
        name: " ".join(str(facts.get(name) or "").split()) for name in ("section", "title", "prompt", "pose", "view")
    }
    texts["view"] = texts["view"] or "front"
    texts["title"] = texts["title"] or key.replace("_", " ").capitalize()
    if texts["pose"] not in ("", *POSES):
        raise InputError(f"The cell {key} has the pose {texts['pose']!r}; there are {', '.join(POSES)}.")
    points, scored = tuple(check_joints(facts.get("points") or ())), bool(facts.get("scored", True))
    return Cell(key=key, aspect=float(aspect), scored=scored, points=points, **texts)


def standard_set() -> tuple[Cell, ...]:
    """The whole set, section by section."""
    return (*_expressions(), *_perspectives(), *_bodies(), *_sheet())


def _expressions() -> list[Cell]:
    base = Cell("base_face", SECTIONS[0], "Base face", "neutral, front view")
    return [
        base,
        *(Cell(f"expression_{name}", SECTIONS[0], name.capitalize(), f"{name}, front view") for name in EXPRESSIONS),
    ]


def _perspectives() -> list[Cell]:
    return [
        Cell(f"view_{view}_{light}", SECTIONS[1], f"{_words(view)}, {_words(light)}".capitalize(), _lit(view, light))
        for view in VIEWS
        for light in LIGHTINGS
    ]


def _bodies() -> list[Cell]:
    title = SECTIONS[2]
    return [
        Cell(f"pose_{pose}", title, _words(pose).capitalize(), _words(pose), pose, aspect=_ASPECT.get(pose, _FULL))
        for pose in POSES
    ]


def _sheet() -> list[Cell]:
    return [
        Cell(
            key := f"sheet_{name}",
            SECTIONS[3],
            _words(name).capitalize(),
            prompt,
            pose,
            _SEEN.get(key, "front"),
            aspect,
            key not in _NO_FACE,
        )
        for name, (prompt, pose, aspect) in _SHEET.items()
    ]


def _lit(view: str, light: str) -> str:
    return f"{_words(view)}, {light if light == 'backlight' else _words(light) + ' light'}"


def _words(key: str) -> str:
    return key.replace("_", " ")
