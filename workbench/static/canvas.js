// Between daggr's front end and the lab: uploads, progress, and that no result of other inputs is ever to be seen.
(() => {
  const { wanted, paint } = window.lab;
  localStorage.setItem("theme", wanted());
  addEventListener("storage", (event) => { if (event.key === "lab-theme") paint(); });

  // daggr's front end tells us of every change at once (see workbench/canvas.py); the lab answers by number.
  let changes = 0;
  let answered = 0;
  const unsure = () => document.body.classList.toggle("lab-unsure", answered < changes);
  window.labChanged = () => { changes += 1; unsure(); };

  const upload = async (blob, name) => {
    const query = new URLSearchParams({ name: name || blob.name || `upload.${(blob.type.split("/")[1] || "bin").split("+")[0]}` });
    const answer = await fetch(`/canvas-upload?${query}`, { method: "POST", body: blob });
    if (answer.ok) return (await answer.json()).url;
    const text = await answer.text();
    let why = text;
    try { why = JSON.parse(text).error; } catch { /* plain words */ }
    show({ problem: why });
    throw new Error(why);
  };

  // A chosen file goes to the lab and comes back as an address, instead of as text in every message.
  FileReader.prototype.readAsDataURL = function (blob) {
    upload(blob).then((url) => {
      Object.defineProperty(this, "result", { value: url });
      this.onload?.(new ProgressEvent("load"));
    }, () => { answered = changes; unsure(); });
  };

  async function brought(value) {
    if (Array.isArray(value)) return Promise.all(value.map(brought));
    if (value && typeof value === "object") {
      if (typeof value.url === "string" && value.url.startsWith("blob:")) {
        return { name: value.name, size: value.size, url: await upload(await (await fetch(value.url)).blob(), value.name) };
      }
      const entries = Object.entries(value).map(async ([name, one]) => [name, await brought(one)]);
      return Object.fromEntries(await Promise.all(entries));
    }
    return value;
  }

  let socket = null;
  window.WebSocket = class extends WebSocket {
    #sent = Promise.resolve();
    constructor(...args) {
      super(...args);
      socket = this;
      this.addEventListener("message", (event) => hear(JSON.parse(event.data)));
      this.addEventListener("open", () => { changes = answered = 0; unsure(); });
    }
    send(text) {
      const message = JSON.parse(text);
      delete message.hf_token;
      if (["save_transform", "get_graph", "set_sheet"].includes(message.action)) message.lab_width = innerWidth;
      if (message.action === "save_variant_selection") window.labChanged();
      if (message.action?.startsWith("save_") && message.action !== "save_transform") message.lab_seq = changes;
      if (!text.includes('"blob:')) {
        this.#sent = this.#sent.then(() => super.send(JSON.stringify(message)), () => {});
        return;
      }
      message.lab_inputs = true;
      this.#sent = this.#sent.then(() => brought(message)).then((m) => super.send(JSON.stringify(m)), () => {});
    }
  };

  let placed = false;
  function hear(message) {
    if (message.type === "lab") { show(message); return; }
    if (message.type === "graph" && !placed) {
      placed = true;
      if (!message.data.transform && innerWidth >= 700) setTimeout(() => document.querySelector("#app .fit-btn")?.click(), 60);
    }
    if (message.type === "graph" && message.lab_seq != null) { answered = Math.max(answered, message.lab_seq); setTimeout(unsure); }
  }

  // The bar: how the job goes, what another window did, and what is wrong.
  const bar = document.createElement("div");
  bar.id = "lab-bar";
  bar.innerHTML = `<div class="notice" role="status" hidden></div><div class="bad" role="alert" hidden></div>
    <div class="ask" role="alert" hidden><p></p><div class="row"><button type="button">Start</button><button type="button">Not now</button></div></div>
    <div class="job" role="status" hidden><div class="row"><span></span><a target="_top">Details</a><button type="button">Cancel</button></div><div class="track"><i></i></div></div>`;
  const [notice, problem, ask, job] = bar.children;
  const [start, leave] = ask.querySelectorAll("button");
  let again = null;
  start.addEventListener("click", () => {
    ask.hidden = true;
    socket?.send(JSON.stringify({ ...again, lab_asked: true }));
  });
  leave.addEventListener("click", () => { ask.hidden = true; });
  const [words, link, cancel] = job.querySelector(".row").children;
  let current = null;
  let later = 0;
  cancel.addEventListener("click", () => {
    if (current) socket?.send(JSON.stringify({ action: "cancel", run_id: current.id, node_name: "" }));
  });

  const ENDS = { SUCCEEDED: "Done", FAILED: "Failed", CANCELLED: "Cancelled" };
  function stands(now) {
    if (now.cancelling) return "Stopping…";
    if (now.state === "QUEUED") return "Waiting for a free place…";
    if (now.state === "RUNNING") return `${Math.round(100 * now.progress)} % ${now.note || ""}`;
    if (now.state === "SUCCEEDED") return now.ran ? `Done: ${now.ran} run, ${now.reused} reused` : "Nothing to do: all of it is known";
    return ENDS[now.state];
  }

  function show(message) {
    if ("problem" in message) {
      problem.hidden = !message.problem;
      problem.textContent = message.problem || "";
    }
    if (message.ask) {
      again = message.again;
      ask.querySelector("p").textContent = message.ask;
      ask.hidden = false;
      start.focus();
    }
    if (message.notice) {
      notice.hidden = false;
      notice.textContent = message.notice;
      setTimeout(() => { notice.hidden = true; }, 6000);
    }
    if (message.job === undefined) return;
    current = message.job;
    clearTimeout(later);
    job.hidden = !current;
    if (!current) return;
    const ended = current.state in ENDS;
    words.textContent = stands(current);
    link.href = `/pipelines?run=${current.id}`;
    job.dataset.state = current.state;
    cancel.hidden = ended || current.cancelling;
    job.querySelector(".track").hidden = ended;
    job.querySelector(".track i").style.width = `${100 * current.progress}%`;
    if (ended && current.state !== "FAILED") later = setTimeout(() => { job.hidden = true; }, 8000);
  }

  // What daggr leaves out for keyboards and readers: names, and keys on what is only painted as a button.
  function name() {
    for (const box of document.querySelectorAll("#app .node")) {
      for (const field of box.querySelectorAll("input, select, textarea, button, [role=button]")) {
        if (field.getAttribute("aria-label") || field.type === "file") continue;
        let around = field.parentElement;
        while (around !== box && !around.querySelector(".gr-label")) around = around.parentElement;
        const title = field.title || around.querySelector(".gr-label")?.textContent.trim();
        const node = box.querySelector(".node-name")?.textContent.trim();
        if (title || !field.textContent.trim()) field.setAttribute("aria-label", [title || "Value", node].filter(Boolean).join(", "));
      }
    }
  }
  addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.getAttribute?.("role") === "button") {
      event.preventDefault();
      event.target.click();
    }
  });

  addEventListener("DOMContentLoaded", () => {
    paint();
    document.body.append(bar);
    let waiting = 0;
    new MutationObserver(() => {
      cancelAnimationFrame(waiting);
      waiting = requestAnimationFrame(name);
    }).observe(document.getElementById("app"), { childList: true, subtree: true });
  });
})();
