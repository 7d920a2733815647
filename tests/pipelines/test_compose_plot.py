"""Pictures become one plot, by the chain that a page submits."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from blocks.provenance import read_recipe
from pipelines.lab import Lab


def test_the_chain_puts_pictures_together_and_says_how_it_was_made(lab: Lab, tmp_path: Path) -> None:
    for number, colour in enumerate(("red", "blue")):
        Image.new("RGB", (64, 64), colour).save(tmp_path / f"{number}.png")
    pictures = [lab.import_file(tmp_path / f"{number}.png") for number in (0, 1)]
    run = lab.run("compose_plot", pictures=pictures, places=[1, 0], columns=["a", "b"], show=False)
    path = run.path(run.outputs["picture"])
    with Image.open(path) as plot:
        colours = [colour for _, colour in sorted(plot.getcolors(1 << 20), reverse=True)[:4]]
    assert (255, 0, 0) in colours and (0, 0, 255) in colours
    assert (read_recipe(path) or {})["pipeline"] == "compose_plot"
