"""How long a character with five thousand pictures keeps one waiting: from an address that is typed, and from a click.

A hundred pictures stand in for five thousand, each of them fifty times: what is in sight at once are different ones,
whose thumbnails were made when they were first seen. In sight means that eight of them are decoded and painted, in a
browser with nothing cached. `python -m tests.bench.bench_gallery`.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from pipelines.lab import Lab
from pipelines.settings import Settings
from tests.bench.bench_pages import browser, served_lab

__all__ = ["measure"]

ROUNDS = 5
PICTURES, TIMES = 100, 50
ALLOWED = 1.0  # seconds
SEEN = """() => new Promise((done) => {
  const inSight = (one) => { const box = one.getBoundingClientRect(); return box.bottom > 0 && box.top < innerHeight; };
  const look = () => {
    const all = [...document.querySelectorAll(".picture img")];
    const seen = all.filter((one) => one.complete && one.naturalWidth && inSight(one));
    if (seen.length >= 8) requestAnimationFrame(() => done(performance.now())); else requestAnimationFrame(look);
  };
  look();
})"""
CLICKED = """() => { const began = performance.now(); document.querySelector('[data-act=view][data-id=takes]').click();
  return (SEEN)().then((now) => now - began); }""".replace("SEEN", SEEN)
BOTTOM = """() => { const began = performance.now(); scrollTo(0, document.documentElement.scrollHeight);
  return (SEEN)().then((now) => now - began); }""".replace("SEEN", SEEN)


def measure() -> list[dict[str, Any]]:
    """Seconds until pictures are seen, medians."""
    taken: dict[str, list[float]] = {"an address that is typed": [], "a click": [], "a jump to the end": []}
    with tempfile.TemporaryDirectory() as folder:
        character = _filled(Path(folder))
        with served_lab(Path(folder)) as address, browser() as chromium:
            for _ in range(ROUNDS + 1):  # the first makes the thumbnails, and does not count
                for name, seconds in _looked(chromium, address, character).items():
                    taken[name].append(seconds)
    return [_row(name, statistics.median(found[1:])) for name, found in taken.items()]


def _looked(chromium: Browser, address: str, character: str) -> dict[str, float]:
    where = f"{address}characters?character={character}"
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{where}&view=takes", wait_until="commit")
        typed = _seconds(page, SEEN)
        page.locator("#character-main lab-gallery").wait_for()
        page.wait_for_function("() => !document.getElementById('first-sight')")
        jumped = _seconds(page, BOTTOM)
    with chromium.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        page.goto(f"{where}&view=history")
        page.locator(".versions").wait_for()
        clicked = _seconds(page, CLICKED)
    return {"an address that is typed": typed, "a click": clicked, "a jump to the end": jumped}


def _seconds(page: Page, script: str) -> float:
    return float(page.evaluate(script)) / 1000


def _filled(folder: Path) -> str:
    """A home with one character and its takes; recorded one by one they would take minutes."""
    noise = np.random.default_rng(7)
    with Lab.open(settings=Settings(home=folder / "home", warm=0, cpu_slots=1)) as lab:
        made = lab.create_character("Crowd")
        for number in range(PICTURES):
            path = folder / f"{number}.png"
            coarse = Image.fromarray(noise.integers(0, 255, (8, 8, 3), dtype=np.uint8))
            coarse.resize((128, 128), Image.Resampling.BICUBIC).save(path)
            settings = {"prompt": f"red coat, happy, number {number}", "seed": number, "steps": 20, "model": "pocket"}
            lab.add_take(lab.import_file(path), settings, character=made.id)
        more = """
            INSERT INTO takes SELECT t.* REPLACE (t.id || '-' || n AS id, 1000000 + n * 1000 + t.sequence AS sequence)
            FROM takes AS t, range(1, ?) AS r(n) WHERE t.character = ?
        """
        store = lab._store  # type: ignore[attr-defined]
        store.write(lambda connection: connection.execute(more, [TIMES, made.id]).fetchall()).result()
        return made.id


def _row(name: str, seconds: float) -> dict[str, Any]:
    facts = {"ours": seconds, "rival": ALLOWED, "ratio": seconds / ALLOWED, "unit": "s", "better": "lower"}
    title = f"5,000 pictures: {name} to pictures in sight"
    return {"name": title, "rival_name": "what is allowed", **facts}


if __name__ == "__main__":
    for row in measure():
        print(row)
