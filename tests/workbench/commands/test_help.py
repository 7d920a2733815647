"""Help comes at once and hides nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from workbench.commands import COMMANDS, main, parser

ROOT = Path(__file__).parents[3]
HEAVY = {"torch", "gradio", "daggr", "duckdb", "numpy", "PIL", "cv2", "av", "ncnn", "rich", "pydantic"}


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys, workbench.commands as c\n"
        "try: c.main(['--help'])\n"
        "except SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert all(name in done.stdout for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        parser().parse_args([name, "--help"])
    assert end.value.code == 0
    assert f"workbench {name}" in capsys.readouterr().out


def test_a_command_that_does_not_exist_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as end:
        main(["conjure"])
    assert end.value.code == 2
