"""What the documents say is so: their examples run, their commands exist, and nothing is left out."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import httpx
import pytest

from workbench.commands import COMMANDS, parser
from workbench.commands.reference import reference

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLE = ROOT / "workbench" / "samples" / "astronaut.png"
EXAMPLES = re.compile(r"^```python runnable\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(document: Path) -> list[str]:
    return EXAMPLES.findall(document.read_text(encoding="utf-8"))


WITH_EXAMPLES = [path for path in DOCUMENTS if examples(path)]


USAGE = ROOT / "docs" / "commands.md"
"""Made from the parser; its lines say what may be given, not what one gives."""


def commands() -> list[str]:
    """Every `python -m workbench` line of a shell example."""
    lines = [
        line
        for path in DOCUMENTS
        if path != USAGE
        for block in SHELL.findall(path.read_text("utf-8"))
        for line in block.split("\n")
    ]
    return sorted({line.strip() for line in lines if line.strip().startswith("python -m workbench ")})


@pytest.mark.parametrize("document", WITH_EXAMPLES, ids=lambda path: path.name)
def test_every_example_runs_as_it_stands(
    document: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(SAMPLE, tmp_path / "photo.png")
    names: dict[str, object] = {}
    text = document.read_text(encoding="utf-8")
    for example in examples(document):
        line = text[: text.index(example)].count("\n")
        code = compile("\n" * line + example.replace("http://127.0.0.1:7860", address), str(document), "exec")
        exec(code, names)


def test_the_documents_have_examples() -> None:
    assert "api.md" in [path.name for path in WITH_EXAMPLES]
    assert len(examples(ROOT / "docs" / "api.md")) > 8


def test_every_endpoint_is_documented_and_every_documented_one_exists(address: str) -> None:
    info = httpx.get(f"{address}/gradio_api/info").json()
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    documented = set(re.findall(r'api_name="(/\w+)"|`(/\w+)`', text))
    named = {one or other for one, other in documented}
    assert named == set(info["named_endpoints"])
    assert info["unnamed_endpoints"] == {}


@pytest.mark.parametrize("line", commands())
def test_a_documented_command_is_understood(line: str) -> None:
    parser().parse_args(shlex.split(line, comments=True)[3:])


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"python -m workbench {name}\b|`{name}`", readme)] == []


def test_the_page_of_commands_is_current() -> None:
    page = USAGE.read_text(encoding="utf-8")
    assert page == reference(), "run: python -m workbench.commands.reference > docs/commands.md"
    assert [line for line in page.splitlines() if re.fullmatch(r"\| .* \|  \|", line)] == []
