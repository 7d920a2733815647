"""A lab of a test module's own, whose home it can write into and which it can restart at the same address."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@dataclass
class OwnLab:
    """Served by the lab's own command."""

    home: Path
    port: int = field(default_factory=free_port)
    server: subprocess.Popen[str] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def book(self) -> Path:
        """What the steps of the toy chain have written."""
        return self.home / "book.txt"

    def words(self) -> list[str]:
        """What steps have written since the last call."""
        found = self.book.read_text().split() if self.book.exists() else []
        self.book.unlink(missing_ok=True)
        return found

    def write(self, name: str, text: str) -> Path:
        """Put a chain into the home's folder."""
        folder = self.home / "pipelines"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("BOOK", str(self.book)))
        return folder / name

    def start(self) -> None:
        environment = {**os.environ, "LAB_HOME": str(self.home), "LAB_CPU_SLOTS": "2", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-m", "workbench", "serve", "--port", str(self.port), "--no-browser"]
        self.server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for line in self.server.stdout or ():
            if re.search(r"http://", line):
                return
        raise RuntimeError("The lab ended before it was ready.")

    def stop(self) -> None:
        if self.server is not None:
            self.server.terminate()
            self.server.wait(timeout=30)


TOY = '''
"""A square, turned."""
import os, time
from pathlib import Path
from blocks.progress import Progress, silent

def note(word):
    with open("BOOK", "a") as file:
        file.write(word + "\\n")

def paint(side: int, *, scratch: Path) -> Path:
    from PIL import Image
    note("paint")
    Image.linear_gradient("L").resize((side, side)).save(scratch / "square.png")
    return scratch / "square.png"

def turn(picture: Path, degrees: float, seconds: float, *, scratch: Path, progress: Progress = silent) -> Path:
    from PIL import Image
    note("turn")
    Path("BOOK.pid").write_text(str(os.getpid()))
    for i in range(int(seconds * 20)):
        if seconds < 100:  # longer ones do not listen, and must be stopped by force
            progress(i / seconds / 20, "turning")
        time.sleep(0.05)
    Image.open(picture).rotate(degrees, expand=True).save(scratch / "turned.png")
    return scratch / "turned.png"

def build():
    import gradio as gr
    from daggr import FnNode, Graph
    side = {"side": gr.Slider(16, 256, 64, step=16, label="Side")}
    square = FnNode(paint, name="paint", inputs=side, outputs={"picture": gr.Image(label="Square")})
    asked = {"degrees": gr.Number(30, label="Degrees"), "seconds": gr.Number(0, label="Seconds")}
    takes = {"picture": square.picture, **asked}
    turned = FnNode(turn, name="turn", inputs=takes, outputs={"picture": gr.Image(label="Turned")})
    return Graph("Toy", nodes=[turned])
'''
