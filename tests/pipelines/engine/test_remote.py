"""daggr's remote nodes against a real Gradio app and a small inference server, both on loopback."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from daggr import FnNode, GradioNode, Graph, InferenceNode

from blocks.errors import NotAvailable, StepFailed, TransientError
from data.records import FileRef
from pipelines.engine import remote
from pipelines.lab import Lab


@pytest.fixture(scope="session")
def app() -> Iterator[str]:
    """A Gradio app with an endpoint of each kind; its address."""
    counter = iter(range(1000))

    def shout(text: str, times: float = 1) -> tuple[str, float]:
        return text.upper() * int(times), len(text)

    def copy(file: str) -> str:
        target = Path(file).with_name("copied.txt")
        target.write_text(Path(file).read_text() + " copied")
        return str(target)

    def fail(text: str) -> str:
        raise gr.Error("the far side is unwell")

    with gr.Blocks() as page:
        text, number, file = gr.Textbox(), gr.Number(), gr.File()
        out, length, result = gr.Textbox(), gr.Number(), gr.File()
        page.load(lambda: None)
        gr.Button().click(shout, [text, number], [out, length], api_name="shout")
        gr.Button().click(copy, file, result, api_name="copy")
        gr.Button().click(lambda text: next(counter), text, number, api_name="count")
        gr.Button().click(fail, text, out, api_name="fail")
        gr.Button().click(lambda text: "/etc/hostname", text, out, api_name="name_a_file")
    _, address, _ = page.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", show_error=True, share=False
    )
    yield address.rstrip("/")
    page.close()


def outputs(lab: Lab, *nodes: Any, **inputs: Any) -> dict[str, Any]:
    return lab.run(Graph("Remote", nodes=list(nodes)), **inputs).outputs


def test_an_app_is_asked_and_its_answer_goes_on(lab: Lab, app: str) -> None:
    node = GradioNode(
        app,
        api_name="/shout",
        name="shout",
        inputs={"text": gr.Textbox("hey"), "times": 2},
        outputs={"text": gr.Textbox(), "length": gr.Number()},
    )
    end = FnNode(lambda text, length: f"{text}{length}", name="end", inputs={"text": node.text, "length": node.length})
    assert outputs(lab, end) == {"output": "HEYHEY3"}
    assert outputs(lab, end, text="you") == {"output": "YOUYOU3"}


def test_files_go_to_an_app_and_come_back_under_their_names(lab: Lab, app: str, tmp_path: Path) -> None:
    (tmp_path / "original.txt").write_text("words")
    node = GradioNode(app, api_name="/copy", name="copy", inputs={"file": gr.File()}, outputs={"file": gr.File()})
    run = lab.run(Graph("Remote", nodes=[node]), file=tmp_path / "original.txt")
    file = run.outputs["file"]
    assert isinstance(file, FileRef)
    assert (file.name, run.path(file).read_text()) == ("copied.txt", "words copied")


def test_what_an_app_answered_before_is_asked_again(lab: Lab, app: str) -> None:
    node = GradioNode(app, api_name="/count", name="count", inputs={"text": "x"}, outputs={"n": gr.Number()})
    assert outputs(lab, node)["n"] < outputs(lab, node)["n"]


def test_code_before_and_after_the_call_runs_in_the_worker(lab: Lab, app: str) -> None:
    node = GradioNode(
        app,
        api_name="/shout",
        name="shout",
        inputs={"text": "a", "times": 3},
        preprocess=lambda given: {"text": given["text"] * 3, "times": 1},
        postprocess=lambda text, length: (length, text.lower()),
        outputs={"length": None, "text": None},
    )
    assert outputs(lab, node) == {"length": 3, "text": "aaa"}


def test_a_prompt_longer_than_any_file_name_is_a_prompt(lab: Lab, app: str) -> None:
    node = GradioNode(
        app, api_name="/shout", name="shout", inputs={"text": "x" * 5000, "times": 1}, outputs={"text": None, "n": None}
    )
    assert outputs(lab, node)["n"] == 5000


def test_an_answer_that_names_a_file_of_this_machine_opens_nothing(lab: Lab, app: str) -> None:
    node = GradioNode(app, api_name="/name_a_file", name="n", inputs={"text": "x"}, outputs={"file": gr.File()})
    assert outputs(lab, node) == {"file": "/etc/hostname"}


def test_an_error_of_the_app_is_told(lab: Lab, app: str) -> None:
    node = GradioNode(app, api_name="/fail", name="fail", inputs={"text": "x"}, outputs={"text": None})
    with pytest.raises(StepFailed, match=r"fail: .*the far side is unwell"):
        outputs(lab, node)


def test_an_app_that_is_not_there_may_come_back(lab: Lab) -> None:
    node = GradioNode("http://127.0.0.1:9", name="gone", inputs={"text": "x"}, outputs={"t": None}, validate=False)
    job = lab.wait(lab.submit(Graph("Remote", nodes=[node]), {}).id)
    assert (job.state, job.attempt) == ("FAILED", 3)
    assert re.search("gone: http://127.0.0.1:9 does not answer .*is it running", job.error or "")


def test_a_space_to_be_run_here_is_refused_with_advice(tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match="start it yourself"):
        remote.call_space({"src": "who/what", "api_name": "/x", "local": True}, {}, tmp_path)


class Provider(BaseHTTPRequestHandler):
    """Answers a translation as an inference endpoint does."""

    def do_POST(self) -> None:
        text = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
        status = {"forbidden": 403, "busy": 503}.get(text, 200)
        self.answer(status, [{"translation_text": text.upper()}] if status == 200 else {"error": "no"})

    def answer(self, status: int, content: Any) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server in the provider's place; its address, which stands for the model."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("HF_TOKEN", "hf_of_nobody")
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def ask(model: str, text: str, scratch: Path) -> Any:
    options = {"model": model, "provider": "hf-inference", "task": "translation"}
    return remote.call_inference(options, {"text": text}, scratch)


def test_a_provider_is_asked_and_its_answer_made_plain(provider: str, tmp_path: Path) -> None:
    assert ask(provider, "fine", tmp_path) == "FINE"


def test_a_refusal_is_final_and_a_busy_provider_is_not(provider: str, tmp_path: Path) -> None:
    with pytest.raises(NotAvailable, match=r"refuses \(HTTP 403"):
        ask(provider, "forbidden", tmp_path)
    with pytest.raises(TransientError, match="HTTP 503"):
        ask(provider, "busy", tmp_path)


def test_without_a_network_the_call_may_be_tried_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_of_nobody")
    with pytest.raises(TransientError, match="does not answer"):
        ask("http://127.0.0.1:9", "fine", tmp_path)


def test_an_inference_node_without_its_task_says_so_in_the_job(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker asks the hub what the model is for; here there is no hub."""
    node = InferenceNode("who/model", name="model", inputs={"text": "fine"}, outputs={"t": None}, validate=False)
    job = lab.wait(lab.submit(Graph("Remote", nodes=[node]), {}, options={}).id, timeout=60)
    assert job.state == "FAILED"
    assert "model: who/model" in (job.error or "")


def test_files_an_answer_brought_become_paths_wherever_they_stand(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "mine.png").touch()
    (tmp_path / "in" / "its.png").touch()
    its, mine = str(tmp_path / "in" / "its.png"), str(tmp_path / "mine.png")
    sneaky = str(tmp_path / "in" / ".." / "mine.png")
    found = remote.own_files({"a": [its, mine], "b": (its, {"c": sneaky}), "n": 1}, tmp_path / "in")
    assert found == {"a": [Path(its), mine], "b": (Path(its), {"c": sneaky}), "n": 1}
