"""A run as somebody else would start it: as Python, and as a command line. Both run as they stand."""

from __future__ import annotations

import json
import shlex
from typing import Any

from data.records import FileRef, JobInfo
from pipelines.show import files_in

__all__ = ["as_command", "as_python"]


def as_python(job: JobInfo) -> str:
    """For a script or a notebook."""
    lines, arguments = [], []
    for name, value in _own(job).items():
        for file in files_in(value):
            lines.append(f"# {file.digest[:12]} is {file.name}")
        arguments.append((name, _python(value)))
    if all(name.isidentifier() for name, _ in arguments):
        words = "".join(f", {name}={value}" for name, value in arguments)
    else:
        words = ", **{" + ", ".join(f"{name!r}: {value}" for name, value in arguments) + "}"
    comments = "".join(f"    {line}\n" for line in dict.fromkeys(lines))
    return (
        "from pipelines import Lab\n\n"
        "with Lab.open() as lab:\n"
        f"{comments}    run = lab.run({job.pipeline!r}{words})\n"
        "    print(run.save('results'))\n"
    )


def as_command(job: JobInfo) -> str:
    """For a terminal."""
    inputs = [shlex.quote(f"{name}={_word(value)}") for name, value in _own(job).items()]
    return " ".join(["python -m workbench run", shlex.quote(job.pipeline), *inputs, "--out results"])


def _own(job: JobInfo) -> dict[str, Any]:
    """What was given, without what followed from the machine."""
    settled = job.options.get("settled", ())
    return {name: value for name, value in job.inputs.items() if name not in settled}


def _python(value: Any) -> str:
    match value:
        case FileRef(digest=digest):
            return f"lab.file({digest!r})"
        case list():
            return f"[{', '.join(map(_python, value))}]"
        case dict():
            return "{" + ", ".join(f"{name!r}: {_python(one)}" for name, one in value.items()) + "}"
    return repr(value)


def _word(value: Any) -> str:
    match value:
        case FileRef(digest=digest):
            return f"sha256:{digest}"
        case str(text) if _is_plain(text):
            return text
    return json.dumps(value, default=lambda ref: f"sha256:{ref.digest}", ensure_ascii=False)


def _is_plain(text: str) -> bool:
    """Whether a text would be read back as itself, not as a number, a list or a file."""
    if text.startswith("sha256:"):
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False
