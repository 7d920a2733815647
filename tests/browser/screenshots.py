"""Keep `docs/screenshots` current: serve a fresh lab, do on each page what it is for, and take its picture.

python -m tests.browser.screenshots [FOLDER]

All of them go to the folder, to be looked at; without one, those that the README shows go to docs/screenshots. The
character with a grid and a LoRA is made before the lab is served; all together takes about ten minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from blocks.faces import open_faces
from blocks.pocket.identity import identity
from blocks.pocket.look import random_look
from blocks.pocket.portrait import draw_portrait
from blocks.scores.references import make_references
from pipelines import lora_characters
from pipelines.lab import Lab
from pipelines.settings import Settings
from workbench.services import sample_path

ROOT = Path(__file__).parents[2]
LARGEST = 250_000
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
_NARROW: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2}
_STOCKED = (
    ("characters", "/characters?character={character}", ".page-head.who"),
    ("variations", "/characters?character={character}&view=variations", ".cell img"),
    ("lora", "/lora?character={character}&job={training}", "#lora-detail .chart"),
)
"""Pages that show the character which is there before the lab is served."""
_ACTOR = 7
ENDED = ".stage[data-state=SUCCEEDED], .stage[data-state=FAILED]"


def main(folder: Path | None = None) -> None:
    """Take them all; keep those of the README where no folder is named."""
    wanted = None if folder else set(re.findall(r"docs/screenshots/([\w-]+)\.png", (ROOT / "README.md").read_text()))
    folder = folder or ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        with _lab(lambda home: {}) as (address, _):
            _beginnings(_camera(browser, address, folder, wanted))
        with _lab(_stocked) as (address, made):
            _pages(_camera(browser, address, folder, wanted), made)
        browser.close()


def _beginnings(take: Callable[..., str]) -> None:
    """Pages of an empty lab, and what is drawn first in one."""
    take("home-empty", "/", lambda page: page.wait_for_selector(".first"))
    take("generate", "/generate", _generate)
    _again(take, "generate", "/generate", ".drawn img")
    take("blend", "/blend", _blend)
    _again(take, "blend", "/blend", ".sweep .strip img")


def _again(take: Callable[..., str], name: str, where: str, place: str) -> None:
    """A page once more, in the dark and on a telephone."""
    take(f"{name}-dark", where, _looking_at(place), color_scheme="dark")
    take(f"{name}-narrow", where, _looking_at(place), **_NARROW)


def _pages(take: Callable[..., str], made: dict[str, str]) -> None:
    """Every page of a lab in which `made` is."""
    take("enhance-empty", "/enhance", lambda page: page.wait_for_selector(".invite"))
    picture = take("enhance-picture", "/enhance?sample=picture", _enhance)
    take("enhance-clip", "/enhance?sample=clip", _enhance_clip)
    take("enhance-running", "/enhance?sample=picture", _leave_running)
    take("jobs", "/jobs", _open_first_job)
    take("home", "/", _looking_at(".shot img"))
    take("help", "/jobs", lambda page: (page.wait_for_selector("table.jobs"), page.keyboard.press("?")))
    run = picture.replace("/enhance?job=", "/pipelines?step=upscale&run=")
    _pipelines(take, run)
    for name, where, place in _STOCKED:
        take(name, where.format(**made), _looking_at(place))
        _again(take, name, where.format(**made), place)
    take("models", "/models", _open_first_model)
    take("settings", "/settings", _looking_at("#cleaning .button"))
    _again(take, "home", "/", ".shot img")
    _again(take, "enhance-picture", picture, "lab-compare")
    _again(take, "jobs", "/jobs", "table.jobs")
    _again(take, "models", "/models", "details.model")
    _again(take, "settings", "/settings", "#cleaning .button")


def _camera(browser: Browser, address: str, folder: Path, wanted: set[str] | None) -> Callable[..., str]:
    def take(name: str, where: str, prepare: Callable[[Page], Any], **options: Any) -> str:
        options = {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", **options}
        context = browser.new_context(base_url=address, **options)
        page = context.new_page()
        page.goto(where)
        prepare(page)
        if wanted is None or name in wanted:
            page.wait_for_load_state("load")
            page.wait_for_timeout(600)
            _save(page, folder / f"{name}.png")
        found = page.url.removeprefix(address)
        context.close()
        return found

    return take


def _save(page: Page, path: Path) -> None:
    """As PNG; with fewer colours where photographs make it too large."""
    page.screenshot(path=path)
    with Image.open(path) as shot:
        reduced = shot.convert("RGB")
    for colours in (256, 128, 64):
        if path.stat().st_size <= LARGEST:
            break
        reduced.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.FLOYDSTEINBERG).save(
            path, optimize=True
        )
    print(path.name, path.stat().st_size)


def _enhance(page: Page) -> None:
    page.locator("#start:not([disabled])").click()
    page.wait_for_selector(ENDED, timeout=180_000)
    page.wait_for_selector("lab-compare, lab-players", timeout=5_000)
    page.mouse.move(5, 5)


def _enhance_clip(page: Page) -> None:
    page.locator("fieldset", has_text="Size").last.get_by_role("radio", name="×2").check()
    _enhance(page)
    page.wait_for_function("document.querySelector('lab-players').leader.readyState >= 2")
    page.evaluate("document.querySelector('lab-players').seek(0.9)")


def _leave_running(page: Page) -> None:
    page.locator("#start:not([disabled])").wait_for()
    page.locator("#chosen .thumb img").wait_for()
    page.get_by_role("radio", name="×3").first.check()
    page.locator("#start").click()
    page.wait_for_selector("img.live:not(.waiting)", timeout=60_000)
    page.mouse.move(5, 5)


def _generate(page: Page) -> None:
    """Takes of a drawn actor, each with its score."""
    page.get_by_role("button", name="Start with a rendered actor").click()
    page.wait_for_selector(".who-faces .person", timeout=180_000)
    for prompt, count in (
        ("short blue hair, red coat, happy, front view, night street", 1),
        ("red bob, white shirt, half right", 2),
    ):
        page.locator("#gen-form [name=prompt]").fill(prompt)
        page.locator("#gen-start").click()
        page.wait_for_function(f"document.querySelectorAll('.drawn').length >= {count}", timeout=300_000)
    page.wait_for_function("!document.querySelector('.drawing')", timeout=300_000)


def _blend(page: Page) -> None:
    """Two drawn actors, and the way between them."""
    page.get_by_role("button", name="Start with two rendered actors").click()
    page.wait_for_selector(".parents > li:nth-child(2)")
    page.wait_for_function("!document.querySelector('.parents .progress')", timeout=180_000)
    page.locator("#g-prompt").fill("short brown hair, red coat, happy")
    page.get_by_label("Pictures of a sweep").fill("7")
    page.locator("#sweep-start").click()
    page.wait_for_selector(".sweep[data-state=SUCCEEDED]", timeout=600_000)
    page.locator(".stop").nth(3).hover()


def _pipelines(take: Callable[..., str], run: str) -> None:
    canvas = "/pipelines?pipeline=enhance_picture&canvas=1"
    take("pipelines", "/pipelines?pipeline=enhance_clip", _looking_at("form.asks"))
    take("pipelines-run", run, _looking_at(".detail img"))
    take("pipelines-canvas", canvas, _fill_canvas)
    take("pipelines-run-dark", run, _looking_at(".detail img"), color_scheme="dark")
    take("pipelines-canvas-dark", canvas, lambda page: _on_canvas(page).wait_for(), color_scheme="dark")
    take("pipelines-narrow", run, lambda page: page.wait_for_selector(".detail img"), **_NARROW)


def _fill_canvas(page: Page) -> None:
    """The sample again: what it gave is known, so this takes no time."""
    canvas = page.frame_locator("iframe")
    source = canvas.locator(".node", has=canvas.locator(".node-name", has_text="source"))
    source.locator("input[type=file]").set_input_files(sample_path("picture") or "")
    source.locator("img").wait_for()
    canvas.locator(".node", has=canvas.locator(".node-name", has_text="stamp")).locator(".run-btn").click()
    _on_canvas(page).wait_for(timeout=180_000)


def _on_canvas(page: Page) -> Locator:
    """The result."""
    canvas = page.frame_locator("iframe")
    return canvas.locator(".node", has=canvas.locator(".node-name", has_text="stamp")).locator("img")


def _open_first_model(page: Page) -> None:
    page.locator("details.model summary").first.click()


def _open_first_job(page: Page) -> None:
    page.locator("[data-item]").nth(1).click()
    page.wait_for_selector(".detail[data-job]")


def _looking_at(place: str) -> Callable[[Page], Any]:
    return lambda page: page.locator(place).first.scroll_into_view_if_needed()


@contextmanager
def _lab(stock: Callable[[Path], dict[str, str]]) -> Iterator[tuple[str, dict[str, str]]]:
    """Where it is served, and ids of what was put into it."""
    with tempfile.TemporaryDirectory() as home:
        made = stock(Path(home) / "character-media-lab")
        environment = {**os.environ, "HOME": home, "PYTHONUNBUFFERED": "1"}  # pictures show the usual home
        environment.pop("LAB_HOME", None)
        command = [sys.executable, "-m", "workbench", "serve", "--port", "0", "--no-browser"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            address = next(found.group() for line in server.stdout if (found := re.search(r"http://[\w.:]+", line)))
            yield address, made
        finally:
            server.terminate()
            server.wait(timeout=30)


def _stocked(home: Path) -> dict[str, str]:
    """A drawn actor as a character, with the whole grid and a LoRA that was trained from it."""
    faces, members, files = open_faces(), [], []
    random = np.random.default_rng(5)
    with Lab.open(settings=Settings(home=home)) as lab:
        for number in range(8):
            look = random_look(random, view="front", lighting="photostudio", hair_colour="red", hair="bob")
            pixels = draw_portrait(identity(_ACTOR), look, seed=number).picture
            face = next(iter(faces.find(pixels)), None)
            if face is None:
                continue
            path = home / f"frame-{number}.png"
            Image.fromarray(pixels).save(path)
            files.append(lab.import_file(path))
            second = faces.second_embedding(pixels, face)
            members.append({"file": path.name, "view": face.view, "embedding": face.embedding, "second": second})
        whom = make_references(members, embedder=faces.embedder, domain=faces.domain, second_embedder=faces.second)
        robin = lab.create_character(
            "Robin",
            fields={"hair": "red bob", "wardrobe": "blue coat"},
            references=whom,
            reference_files=files,
            headshot=files[0],
        )
        for job in lab.generate_cells(robin.id):
            lab.wait(job.id)
        training = lora_characters.train_character(lab, robin.id)
        lab.wait(training.id)
    return {"character": robin.id, "training": training.id}


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
