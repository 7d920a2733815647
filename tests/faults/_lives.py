"""Owners of one home that live a while, work, and are killed.

    python -m tests.faults._lives HOME        reads the number of a life from each line, answers with a process id

The lab is imported once; every life is a fork of that, so that twenty-five of them take seconds. A life says what
was acknowledged to it in HOME/said.txt, and its steps write in HOME/book.txt whenever they run.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipelines.owner import OwnerLab
    from pipelines.settings import Settings

__all__ = ["CHAIN", "append"]

WAITING = 4  # jobs that a life lets run at once

CHAIN = '''
"""Three quick steps that write a file each, and in a book that they did."""
import os
import time
from pathlib import Path

def write_down(book, line):
    file = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{os.environ.get('LIFE', '0')} {line}\\n".encode())
    os.close(file)

def first(book: str, number: str, *, scratch: Path) -> Path:
    write_down(book, f"{number} first")
    (scratch / "text.txt").write_text(f"{number} first " * 500)
    return scratch / "text.txt"

def again(book: str, number: str, name: str, text: Path, *, scratch: Path) -> Path:
    write_down(book, f"{number} {name}")
    time.sleep(0.004)
    (scratch / "text.txt").write_text(text.read_text() + f"{number} {name} ")
    return scratch / "text.txt"

def build():
    from daggr import FnNode, Graph

    source = {"book": "", "number": ""}
    one = FnNode(first, name="one", inputs=dict(source), outputs={"text": None})
    two = FnNode(again, name="two", inputs={**source, "name": "two", "text": one.text}, outputs={"text": None})
    three = FnNode(again, name="three", inputs={**source, "name": "three", "text": two.text}, outputs={"text": None})
    return Graph("Three files", nodes=[one, two, three])
'''
"""The chain that is run in each life; `inputs_of` says what it is given."""


def inputs_of(home: Path, number: str) -> dict[str, str]:
    """Inputs of one job: its number makes its results its own."""
    given = {"book": str(home / "book.txt"), "number": number}
    return {f"{step}.{port}": value for step in ("one", "two", "three") for port, value in given.items()}


def append(path: Path, line: str) -> None:
    """A line that is in the file, whole, whatever happens to this process next."""
    file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def live(home: Path, life: str) -> None:
    """Own the home and keep a few jobs running, until killed."""
    from pipelines.settings import Settings

    os.environ["LIFE"] = life
    said = home / "said.txt"
    lab = _moved_in(Settings(home=home, cpu_slots=2, gpu_slots=0, warm=2))
    append(said, f"open {life} -")
    number, waiting = 0, []
    while True:
        if len(waiting) < WAITING:
            number += 1
            job = lab.submit("three_files", inputs_of(home, f"{life}-{number}"))
            append(said, f"submitted {life} {job.id}")
            waiting.append(job.id)
        else:
            job = lab.wait(waiting.pop(0))
            append(said, f"{job.state} {life} {job.id}")


def _moved_in(settings: Settings) -> OwnerLab:
    """Own the home; the one killed before may still be dying, and `Lab.open` is as patient."""
    from blocks.errors import HomeBusy
    from pipelines.owner import OwnerLab

    for _ in range(100):
        try:
            return OwnerLab(settings)
        except HomeBusy:
            time.sleep(0.05)
    return OwnerLab(settings)


def main(home: Path) -> None:
    """Fork a life for every line that comes in; what every life would import and look up is there already."""
    import duckdb  # noqa: F401

    import pipelines.door
    import pipelines.owner  # noqa: F401
    from pipelines import catalog, compiled
    from pipelines.engine import keys

    compiled.state_of(catalog.find("three_files", home), {})
    keys.environment()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            try:
                live(home, line.strip())
            except BaseException:
                traceback.print_exc()
            os._exit(1)
        print(child, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
