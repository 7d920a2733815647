"""The lab's own chains and a researcher's."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.errors import InputError, StepFailed, UnknownName
from pipelines import catalog, compiled
from pipelines.lab import Lab
from pipelines.settings import Settings

OpenLab = Callable[..., Lab]

CHAIN = '''"""Says a word many times.

And more that is not shown in a list."""
import gradio as gr
from daggr import FnNode, Graph
from pathlib import Path
from blocks.block import block

SEPARATOR = "-"

@block(version="1")
def repeat(word: str, times: int, *, scratch: Path) -> Path:
    file = scratch / "words.txt"
    file.write_text(_joined([word] * int(times)))
    return file

def _joined(words):
    return SEPARATOR.join(words)

def build():
    inputs = {"word": gr.Textbox("hey", label="Word", info="What to say."), "times": gr.Slider(1, 9, 2, step=1)}
    return Graph("Say it again", nodes=[FnNode(repeat, name="say", inputs=inputs, outputs={"file": gr.File()})])

def settle(inputs, settings):
    return {"times": 3} if inputs.get("word") == "three" else {}
'''

BROKEN = {
    "syntax": ("def build(:\n", "line 1"),
    "no_build": ("'''A chain without one.'''\nx = 1\n", "no function build"),
    "binary": (b"\xff\xfe\0\0", "cannot be read"),
    "deep": ("x = " + "(" * 4000 + ")" * 4000, ""),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "home" / "pipelines"
    found.mkdir(parents=True)
    return found


def test_the_labs_own_chains_are_listed_with_what_they_do_and_nothing_is_imported() -> None:
    own = {chain.name: chain for chain in catalog.chains()}
    assert {"enhance_picture", "enhance_clip"} <= own.keys()
    assert all(chain.own and chain.description and not chain.error for chain in own.values())


def test_a_researchers_chain_runs_with_its_own_blocks(open_lab: OpenLab, folder: Path) -> None:
    (folder / "say_again.py").write_text(CHAIN)
    lab = open_lab()
    about = lab.pipeline("say_again")
    assert (about.title, about.description, about.own) == ("Say it again", "Says a word many times.", False)
    assert [(i.name, i.default, i.component) for i in about.inputs] == [
        ("word", "hey", "Textbox"),
        ("times", 2, "Slider"),
    ]
    assert about.inputs[0].options["info"] == "What to say."
    assert about.steps == ("say",)
    run = lab.run("say_again")
    assert run.path(run.outputs["file"]).read_text() == "hey-hey"
    again = run.rerun("say", word="ho")
    assert again.path(again.outputs["file"]).read_text() == "ho-ho"


def test_a_chain_that_changes_is_run_as_it_is_now(open_lab: OpenLab, folder: Path) -> None:
    file = folder / "say_again.py"
    file.write_text(CHAIN)
    lab = open_lab()
    first = lab.run("say_again")
    file.write_text(CHAIN.replace('SEPARATOR = "-"', 'SEPARATOR = "+"'))
    os.utime(file, ns=(1, 1))
    second = lab.run("say_again")
    assert second.path(second.outputs["file"]).read_text() == "hey+hey"
    assert first["say"].key != second["say"].key


def test_what_follows_from_the_machine_follows_anew_when_an_input_changes(open_lab: OpenLab, folder: Path) -> None:
    (folder / "say_again.py").write_text(CHAIN)
    lab = open_lab()
    run = lab.run("say_again", word="three")
    assert run.job.inputs == {"word": "three", "times": 3}
    assert run.rerun("say", word="two").job.inputs == {"word": "two"}
    assert run.rerun("say", times=1).job.inputs == {"word": "three", "times": 1}


def test_a_broken_file_is_listed_with_its_line_and_harms_nothing(open_lab: OpenLab, folder: Path) -> None:
    for name, (text, _) in BROKEN.items():
        (folder / f"{name}.py").write_bytes(text if isinstance(text, bytes) else text.encode())
    (folder / "a_folder.py").mkdir()
    (folder / "dangling.py").symlink_to(folder / "nowhere")
    (folder / "say_again.py").write_text(CHAIN)
    lab = open_lab()
    listed = {about.name: about for about in lab.pipelines()}
    for name, (_, reason) in BROKEN.items():
        assert reason in listed[name].error
        assert listed[name].error
        with pytest.raises(InputError, match=f"The pipeline {name} cannot be used"):
            lab.submit(name, {})
    assert listed["a_folder"].error
    assert listed["dangling"].error
    assert lab.run("say_again").job.state == "SUCCEEDED"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("x = 1\nraise ValueError('not today')\ndef build(): ...\n", r"line 2: not today"),
        ("import sys\nsys.exit('leaving')\ndef build(): ...\n", r"line 2: leaving"),
        ("import no_such_module\ndef build(): ...\n", r"line 1: No module named"),
        ("def build():\n    return 1 / 0\n", r"build\(\) of bad\.py failed, line 2: division"),
        ("def build():\n    return 'a graph'\n", r"gave a str; it must return a daggr\.Graph"),
    ],
)
def test_a_file_that_fails_when_it_is_loaded_names_the_line(
    open_lab: OpenLab, folder: Path, text: str, reason: str
) -> None:
    (folder / "bad.py").write_text(text)
    lab = open_lab()
    for ask in (lambda: lab.pipeline("bad"), lambda: lab.submit("bad", {})):
        with pytest.raises(InputError, match=reason):
            ask()
    assert lab.jobs() == []


def test_a_chain_of_a_researcher_never_replaces_one_of_the_labs(tmp_path: Path, folder: Path) -> None:
    (folder / "enhance_picture.py").write_text(CHAIN)
    assert catalog.find("enhance_picture", tmp_path / "home").own


def test_a_chain_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"no pipeline 'nothing'.*enhance_clip.*enhance_picture"):
        catalog.find("nothing", tmp_path)


def test_a_job_whose_chain_has_gone_fails_and_says_so(open_lab: OpenLab, folder: Path) -> None:
    (folder / "say_again.py").write_text(CHAIN)
    lab = open_lab()
    job = lab.run("say_again").job
    (folder / "say_again.py").unlink()
    assert lab.steps(job.id)[0].outputs["file"].name == "words.txt"
    with pytest.raises(UnknownName, match="no pipeline 'say_again'"):
        lab.rerun(job.id, "say")


def test_a_kept_plan_is_used_until_something_changes_and_a_spoilt_one_is_made_again(
    open_lab: OpenLab, folder: Path, tmp_path: Path
) -> None:
    (folder / "say_again.py").write_text(CHAIN)
    lab = open_lab()
    lab.run("say_again")
    plans = tmp_path / "home" / "plans"
    chain = catalog.find("say_again", tmp_path / "home")
    state = compiled.state_of(chain, {})
    assert compiled.recall(plans, state) is not None
    assert compiled.state_of(chain, {"choice": 1}) != state
    lab.close()
    (plans / f"{state}.plan").write_bytes(b"\x80\x05spoilt")
    assert compiled.recall(plans, state) is None
    assert open_lab().run("say_again")["say"].state == "reused"


@pytest.mark.parametrize("name", ["enhance_picture", "enhance_clip"])
def test_the_labs_own_chains_compile_and_ask_for_their_file(lab: Lab, name: str) -> None:
    about = lab.pipeline(name)
    required = [i for i in about.inputs if i.required]
    assert [(i.name, i.file) for i in required] == [(name.split("_")[1], True)]
    with pytest.raises(InputError, match=f"needs '{required[0].name}'"):
        lab.submit(name, {})


def test_a_failing_block_of_a_researcher_names_its_line(open_lab: OpenLab, folder: Path) -> None:
    (folder / "say_again.py").write_text(CHAIN.replace("SEPARATOR.join(words)", "SEPARATOR.join(words) + 1"))
    with pytest.raises(StepFailed, match="say: TypeError") as failure:
        open_lab().run("say_again")
    assert "say_again.py" in failure.value.detail


def test_settings_say_what_they_are_for() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_a_chain_read_while_a_page_is_being_answered_keeps_its_defaults(tmp_path: Path) -> None:
    from gradio.context import LocalContext

    token = LocalContext.in_event_listener.set(True)
    try:
        graph = catalog.load_graph(catalog.find("enhance_clip"))
    finally:
        LocalContext.in_event_listener.reset(token)
    scale = graph.nodes["enhance"]._input_components["scale"]
    assert (scale.label, scale.value) == ("Times larger", 1)
