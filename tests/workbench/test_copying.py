"""What is copied from a run runs as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path

from data.records import FileRef, JobInfo
from pipelines.lab import Lab
from workbench.commands.run import given
from workbench.copying import as_command, as_python

REF = FileRef("ab" * 32, "photo.png", "image/png", 5)


def job(**inputs: object) -> JobInfo:
    return JobInfo("1", "toy", "Toy", "SUCCEEDED", inputs=dict(inputs), options={"settled": ["threads"]})


def test_python_names_every_input_but_what_followed_from_the_machine() -> None:
    text = as_python(job(picture=REF, scale=2, word="it's", threads=4))
    assert f"lab.run('toy', picture=lab.file('{REF.digest}'), scale=2, word=\"it's\")" in text
    assert f"# {REF.digest[:12]} is photo.png" in text
    compile(text, "copied", "exec")


def test_python_takes_inputs_whose_names_are_no_words() -> None:
    text = as_python(job(**{"paint.side": 3}))
    assert "lab.run('toy', **{'paint.side': 3})" in text
    compile(text, "copied", "exec")


def test_a_command_comes_back_as_what_was_given(lab: Lab, tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (4, 4)).save(tmp_path / "dot.png")
    ref = lab.import_file(tmp_path / "dot.png")
    inputs = {"picture": ref, "model": "it's; $HOME", "scale": 2, "tile": 0.5, "format": "true", "denoise": None}
    words = shlex.split(as_command(job(**inputs)))
    assert words[:5] == ["python", "-m", "workbench", "run", "toy"]
    assert dict(given(lab, "enhance_picture", word) for word in words[5:-2]) == inputs
