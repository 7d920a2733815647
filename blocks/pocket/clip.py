"""Clips of a rendered actor: shots in which somebody moves, turns and speaks, cuts between them, and bad frames."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from blocks.errors import InputError
from blocks.pocket.backdrop import draw_backdrop
from blocks.pocket.canvas import Canvas, Pixels
from blocks.pocket.head import Head
from blocks.pocket.identity import Identity, identity
from blocks.pocket.light import LIGHTS, light_up
from blocks.pocket.look import BACKGROUNDS, EXPRESSIONS, LIGHTINGS, YAW, Look, random_look
from blocks.pocket.portrait import Face, Motion, draw_bust, face_truth, posed

__all__ = ["FLAWS", "Frame", "clip_frames", "render_clip"]

FLAWS = ("good", "blurred", "dark", "away", "empty")
_CONTAINERS = (".mp4", ".mov", ".mkv")
_SHOT = 2.0  # seconds of a typical shot


@dataclass(frozen=True)
class Frame:
    """One frame and the truth about it.

    Attributes:
        picture: HxWx3 8-bit RGB.
        shot: number of the shot; a new number is a cut.
        flaw: one of FLAWS; every frame but a good one should be dropped.
        people: seeds of the actors that can be seen. ``faces``: their faces, in the same order, None if turned away.
    """

    picture: Pixels
    shot: int
    flaw: str
    people: tuple[int, ...]
    faces: tuple[Face | None, ...]


@dataclass(frozen=True)
class _Shot:
    looks: tuple[Look, ...]
    frames: int
    place: int
    phase: float
    turns: bool


def clip_frames(
    seeds: tuple[int, ...], seconds: float, fps: int = 24, size: tuple[int, int] = (320, 240), *, flaws: bool = True
) -> Iterator[Frame]:
    """The frames of a clip, one by one; the same arguments give the same frames.

    Args:
        seeds: one actor or two, any whole numbers.
        size: width and height in pixels, even, 64 or more.
        flaws: whether about one frame in six is blurred, dark, turned away or empty.

    Raises:
        InputError: no time, no actor or too many, an impossible size or rate.
    """
    width, height = size
    if not 0 < seconds <= 3600 or not 1 <= fps <= 240:
        raise InputError(f"A clip of {seconds} s at {fps} frames a second cannot be drawn. Ask for up to an hour.")
    if not 1 <= len(seeds) <= 2:
        raise InputError(f"A clip shows one actor or two, not {len(seeds)}.")
    if width % 2 or height % 2 or min(size) < 64:
        raise InputError(f"A clip of {width}x{height} pixels cannot be drawn. Sides must be even and 64 or more.")
    cast = tuple(identity(seed) for seed in seeds)
    random = np.random.default_rng([abs(seeds[0]), len(seeds), 31])
    total, drawn, number = max(1, round(seconds * fps)), 0, 0
    while drawn < total:
        shot = _next_shot(random, cast, min(total - drawn, round(random.uniform(0.7, 1.3) * _SHOT * fps)))
        bad = _flaws(random, shot.frames, fps) if flaws else ["good"] * shot.frames
        for index in range(shot.frames):
            yield _frame(cast, shot, number, index / fps, bad[index], size)
        drawn, number = drawn + shot.frames, number + 1


def render_clip(
    seed: int,
    seconds: float,
    out: Path,
    fps: int = 24,
    size: tuple[int, int] = (320, 240),
    *,
    second: int | None = None,
    flaws: bool = True,
) -> Path:
    """Draw an actor's clip into a video file (H.264; the container follows the name) and return its path.

    The file appears when it is whole; an old one of that name stays until then.

    Args:
        seed: the actor, any whole number. ``second``: another actor beside the first.

    Raises:
        InputError: see ``clip_frames``; or ``out`` has no folder or is no clip's name.
    """
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {out.parent} to write {out.name} into. Create it first.")
    if out.suffix.lower() not in _CONTAINERS:
        raise InputError(f"{out.name} is no clip's name. Let it end in one of {', '.join(_CONTAINERS)}.")
    seeds = (seed,) if second is None else (seed, second)
    frames = clip_frames(seeds, seconds, fps, size, flaws=flaws)
    first = next(frames)
    unfinished = out.with_name(f".{out.stem}.unfinished{out.suffix}")
    try:
        _encode(unfinished, chain([first], frames), fps, size)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    return out


def _encode(path: Path, frames: Iterable[Frame], fps: int, size: tuple[int, int]) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=Fraction(fps), options={"crf": "17", "preset": "veryfast"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1  # the same bytes on any machine
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame.picture, format="rgb24")))
        container.mux(stream.encode())


def _next_shot(random: np.random.Generator, cast: tuple[Identity, ...], frames: int) -> _Shot:
    """A shot keeps one place, one light and one outfit; hair and outfit change from shot to shot."""
    place = BACKGROUNDS[int(random.integers(len(BACKGROUNDS)))]
    plain = ("photostudio", "sunny_day", "office", "evening")
    lights = plain if random.random() < 0.7 else LIGHTINGS
    light = lights[int(random.integers(len(lights)))]
    mood = EXPRESSIONS[int(random.integers(len(EXPRESSIONS)))] if random.random() < 0.6 else "neutral"
    looks = tuple(
        random_look(random, background=place, lighting=light, expression=mood if mood != "scarred" else "neutral")
        for _ in cast
    )
    corner, phase = int(random.integers(10_000)), float(random.uniform(0, 6))
    return _Shot(looks, max(1, frames), corner, phase, bool(random.random() < 0.6))


def _flaws(random: np.random.Generator, frames: int, fps: int) -> list[str]:
    """Bad stretches of a tenth to a third of a second, about a sixth of all frames, none at the very start."""
    found = ["good"] * frames
    for start in range(round(fps * 0.4), frames, fps):
        if random.random() < 0.75:
            flaw = FLAWS[1 + int(random.integers(len(FLAWS) - 1))]
            begin = start + int(random.integers(max(1, fps // 2)))
            for index in range(begin, min(frames, begin + max(1, round(fps * random.uniform(0.1, 0.33))))):
                found[index] = flaw
    return found


def _frame(
    cast: tuple[Identity, ...], shot: _Shot, number: int, time: float, flaw: str, size: tuple[int, int]
) -> Frame:
    width, height = size
    light = LIGHTS[shot.looks[0].lighting]
    scene = draw_backdrop(shot.looks[0].background, width, height, shot.place)
    canvas = Canvas(scene, height / 4, (width / 2, height / 2))
    seeds, faces = [], list[Face | None]()
    for index, who in enumerate(cast if flaw != "empty" else ()):
        seeds.append(who.seed)
        faces.append(_person(canvas, who, shot, index, time, flaw == "away", len(cast)))
    picture = light_up(canvas, light)
    if flaw == "blurred":
        picture = _smear(picture, height // 7)
    if flaw == "dark":
        picture = (picture * 0.13).astype(np.uint8)
    return Frame(picture, number, flaw, tuple(seeds), tuple(faces))


def _person(
    canvas: Canvas, who: Identity, shot: _Shot, index: int, time: float, away: bool, people: int
) -> Face | None:
    """Paint one actor of the shot as they are at a time; returns where the face is."""
    look, phase = shot.looks[index], shot.phase + 2.1 * index
    swing = math.sin(time * 1.9 + phase) * 30 if shot.turns else 0.0
    base = YAW[look.view] * (0.45 if shot.turns else 1.0)
    yaw = 180.0 if away else float(np.clip(base + swing + 5 * math.sin(time * 3.1 + phase), -84, 84))
    talking = math.sin(time * 0.9 + phase) > -0.2
    move = Motion(
        speech=abs(math.sin(time * 11 + phase)) * (0.5 + 0.5 * math.sin(time * 4.3)) if talking else 0.0,
        blink=(time + phase) % 2.7 < 0.12,
    )
    alone = people == 1
    middle = 0.5 if alone else (0.28, 0.72)[index]
    across = middle + 0.035 * math.sin(time * 1.3 + phase)
    down = (0.47 if alone else 0.52) + 0.012 * math.sin(time * 2.7 + phase)
    canvas.move(canvas.height * (0.26 if alone else 0.21), (canvas.width * across, canvas.height * down))
    head = Head(who, yaw, 4 * math.sin(time * 1.7 + phase), 2.5 * math.sin(time * 2.3 + phase))
    draw_bust(canvas, head, look, posed(look, move))
    return face_truth(canvas, head)


def _smear(picture: Pixels, length: int) -> Pixels:
    """Motion blur along a slanted line, as from a jerked camera."""
    kernel = np.zeros((length, length), np.float32)
    cv2.line(kernel, (0, length // 3), (length - 1, 2 * length // 3), 1.0, 1)
    smeared: Pixels = cv2.filter2D(picture, -1, kernel / kernel.sum())
    return smeared
