// The Generate page: its form, its keys, and what is done with many takes at once.
const { isTyping } = window.lab;
const form = () => document.getElementById("gen-form");

let send = () => {}; // an act from outside the parts: any part will do, all lead to the same place

function values() {
  const found = {};
  if (!form()) return found;
  for (const field of document.querySelectorAll("#gen-form [name], [data-with-form] [name]")) {
    if (field.type === "radio") { if (field.checked) found[field.name] = field.value; }
    else if (field.name.startsWith("lora.") && Number(field.value) === 0) continue;
    else found[field.name] = field.value;
  }
  const count = document.querySelector("#gen-go [name=count]");
  if (count) found.count = count.value;
  return found;
}

// Every part of the page is drawn as HTML and calls this: an act goes out as a click, with what the form holds.
window.lab.generates = (element, trigger) => {
  const act = (name, id = "") => trigger("click", { act: name, id, values: values() });
  send = act;
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (!button || !element.contains(button)) return;
    button.closest("details.menu")?.removeAttribute("open");
    act(button.dataset.act, button.dataset.id || "");
  });
  element.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = event.target.closest("[data-form]");
    if (asked) act(asked.dataset.form, String([...new FormData(asked).values()][0] || ""));
  });
  let waiting = 0;
  const edited = () => {
    sessionStorage.setItem(form()?.dataset.keeps || "lab-form", JSON.stringify(values()));
    clearTimeout(waiting);
    waiting = setTimeout(() => trigger("edit", { values: values() }), 300);
  };
  element.addEventListener("input", (event) => {
    if (event.target.type === "range" && event.target.nextElementSibling?.tagName === "OUTPUT") {
      event.target.nextElementSibling.value = event.target.value;
    }
    if (element.contains(form()) || event.target.name === "count" || event.target.closest("[data-with-form]")) edited();
  });
  element.addEventListener("change", (event) => {
    if (event.target.dataset.changes) act(event.target.dataset.changes, event.target.value);
  });
};

async function bring(file) {
  const answer = await fetch(`/canvas-upload?${new URLSearchParams({ name: file.name || "picture.png" })}`, { method: "POST", body: file }).catch(() => null);
  const found = await answer?.json().catch(() => null);
  if (!answer?.ok || !found) throw new Error(found?.error || `${file.name} did not arrive; the lab did not answer. Try again.`);
  return found.url.split("/").pop();
}

async function readSettings(file) {
  const box = document.querySelector("[data-drop-settings]");
  box?.classList.add("busy");
  try { send("settings", await bring(file)); } catch (error) { send("say", error.message); }
  box?.classList.remove("busy");
}

// What the page does by itself: dice, sizes, folders, slots for pictures, copying.
document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest?.(selector);
  if (at("[data-copy]") && at(".take-view")) copy(at("[data-copy]"));
  else if (at("[data-dice]")) set(form().elements.seed, String(Math.floor(Math.random() * 2 ** 31)));
  else if (at("[data-swap]")) {
    const { width, height } = form().elements;
    [width.value, height.value] = [height.value, width.value];
    showSize();
    set(height, height.value);
  } else if (at("[data-count-by]")) {
    const count = document.querySelector("#gen-go [name=count]");
    set(count, String(Math.max(1, Math.min(Number(count.max), Number(count.value || 1) + Number(at("[data-count-by]").dataset.countBy)))));
  } else if (at("[data-folder]")) at("[data-folder]").nextElementSibling.click();
  else if (at("[data-read-settings]")) document.querySelector("[data-settings-file]").click();
  else if (at("[data-unpick]")) { for (const box of picks()) box.checked = false; showPicks(); }
  else if (at("[data-download]")) download();
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.removeAttribute("open");
});

function set(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function copy(button) {
  const was = button.textContent;
  navigator.clipboard.writeText(button.dataset.copy).then(() => { button.textContent = "Copied"; }, () => { button.textContent = "Could not copy"; });
  setTimeout(() => { button.textContent = was; }, 1500);
}

function showSize() {
  const { width, height } = form().elements;
  const select = form().querySelector("[data-size]");
  const known = [...select.options].some((one) => one.value === `${width.value}x${height.value}`);
  select.value = known ? `${width.value}x${height.value}` : "";
  form().querySelector(".own-size").hidden = known;
}

document.addEventListener("change", async (event) => {
  const field = event.target;
  if (field.matches?.("[data-size]")) {
    const { width, height } = form().elements;
    if (field.value) [width.value, height.value] = field.value.split("x");
    form().querySelector(".own-size").hidden = Boolean(field.value);
    set(width, width.value);
  } else if (field.matches?.("[data-settings-file]") && field.files.length) {
    await readSettings(field.files[0]);
    field.value = "";
  } else if (field.matches?.("input[webkitdirectory]") && field.files.length) {
    window.lab.give([...field.files].filter((file) => /^(image|video)\//.test(file.type)).slice(0, 200));
  } else if (field.matches?.("[data-slot] input[type=file]") && field.files.length) {
    const slot = field.closest("[data-slot]");
    slot.querySelector("[data-said]").textContent = `Bringing ${field.files[0].name} in…`;
    try {
      slot.querySelector("[type=hidden]").value = await bring(field.files[0]);
      send("redraw", "");
    } catch (error) { slot.querySelector("[data-said]").textContent = error.message; }
  } else if (field.matches?.("[data-pick]")) showPicks();
});

// A picture dropped on the prompt fills the form with its settings; anywhere else it is a frame of the person.
document.addEventListener("drop", (event) => {
  const box = event.target.closest?.("[data-drop-settings]");
  const file = event.dataTransfer?.files?.[0];
  if (!box || !file) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  document.documentElement.classList.remove("dropping");
  readSettings(file);
}, true);

// Takes that are selected: download them as one file.
const picks = () => [...document.querySelectorAll(".drawn [data-pick]:checked")];

function showPicks() {
  const bar = document.querySelector(".takes .picked");
  if (!bar) return;
  bar.hidden = picks().length === 0;
  bar.querySelector("[data-picked]").textContent = `${picks().length} selected`;
}

function download() {
  const link = document.createElement("a");
  link.href = `/media/together?${picks().map((box) => `d=${box.closest(".drawn").dataset.digest}`).join("&")}`;
  link.download = "takes.zip";
  link.click();
}

// Keys: stars and marks on the take that has the focus or is open.
const open = () => document.querySelector("dialog.take-view[open]");
const MARKS = { k: "[data-act=keep], [data-act=unkeep]", h: "[data-act=hide], [data-act=unhide]" };

document.addEventListener("keydown", (event) => {
  if (!form()) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    document.getElementById("gen-start")?.click();
    return;
  }
  if (event.altKey || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
  const place = open() || event.target.closest?.(".drawn");
  if (!place) return;
  const key = event.key.toLowerCase();
  if (/^[0-5]$/.test(key)) {
    const stars = [...place.querySelectorAll(".star")];
    const now = stars.filter((star) => star.classList.contains("on")).length;
    if (Number(key) !== now) stars[(Number(key) || now) - 1]?.click();
  } else if (MARKS[key]) place.querySelector(MARKS[key])?.click();
  else if (key === "x") { place.querySelector("[data-pick]")?.click(); }
  else return;
  event.preventDefault();
});

// The gallery is drawn anew when a take comes or is marked: the focus and the selection stay where they were.
let focused = "";
let picked = new Set();
document.addEventListener("focusin", (event) => {
  focused = event.target.closest?.(".drawn")?.dataset.takeId || "";
});
document.addEventListener("change", () => { picked = new Set(picks().map((box) => box.closest(".drawn").dataset.takeId)); });
new MutationObserver((changes) => {
  if (!changes.some((change) => [...change.addedNodes].some((node) => node.nodeType === 1 && (node.matches?.(".takes") || node.querySelector?.(".takes"))))) return;
  for (const id of picked) {
    const box = document.querySelector(`.drawn[data-take-id="${CSS.escape(id)}"] [data-pick]`);
    if (box) box.checked = true;
  }
  showPicks();
  if (focused && document.activeElement === document.body) {
    document.querySelector(`.drawn[data-take-id="${CSS.escape(focused)}"] .look`)?.focus({ preventScroll: true });
  }
  watchOlder();
}).observe(document.getElementById("content"), { childList: true, subtree: true });

// What is sent of the prompt stands right under it, inside the form.
new MutationObserver(() => {
  const [told, place] = [document.querySelector("#gen-report .told"), document.querySelector("#gen-form .report-place")];
  const text = told?.innerHTML || "";
  if (place && place.dataset.told !== text) { place.dataset.told = text; place.innerHTML = text; }
}).observe(document.getElementById("content"), { childList: true, subtree: true });

const older = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { older.unobserve(entry.target); entry.target.click(); }
}, { rootMargin: "400px" });
function watchOlder() {
  older.disconnect();
  const button = document.querySelector("[data-older]");
  if (button) older.observe(button);
}

window.lab.bring = bring;
window.lab.send = (name, id) => send(name, id);
