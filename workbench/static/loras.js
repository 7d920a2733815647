// The LoRA page: whatever is pressed carries the settings at the left and the captions at the right along.
let turn = 0; // counts what was sent; the form says which of them it answers
const typed = new Map(); // what a person changed, and after which turn
let looked = 0; // the turn at which the dataset was last asked for
let at = null; // the field that was written in: its name, and where

function collected() {
  const values = { turn };
  for (const field of document.querySelectorAll("[data-lora] [name], [data-captions] [name]")) {
    if (field.type === "radio") { if (field.checked) values[field.name] = field.value; }
    else if (field.type === "checkbox") values[field.name] = field.checked;
    else values[field.name] = field.value;
  }
  return values;
}

function send(trigger, act, data) {
  turn += 1;
  if (act === "look" || act === "again") looked = turn;
  trigger("click", { ...data, act, values: { ...collected(), ...data.values } });
}

window.lab.trains = (element, trigger) => {
  window.lab.acts(element, (name, { act, ...data }) => send(trigger, act, data));
  element.addEventListener("change", (event) => {
    const field = event.target.closest("[data-changes]");
    if (field) send(trigger, "changed", { id: field.dataset.changes });
  });
};

const place = (node) => node.closest?.("[data-lora], [data-captions]");
const named = (name, value) => [...document.querySelectorAll(`[data-lora] [name="${CSS.escape(name)}"], [data-captions] [name="${CSS.escape(name)}"]`)].find((one) => one.type !== "radio" || one.value === value);

document.addEventListener("input", ({ target }) => {
  if (place(target) && target.name) typed.set(target.name, { turn, value: target.type === "checkbox" ? target.checked : target.value });
});
document.addEventListener("focusin", ({ target }) => { at = place(target) && target.name ? { name: target.name, value: target.value } : null; });

// The form comes back as it was when it was sent: what was typed since, the open groups and the cursor are put back.
const opened = new Map();
document.addEventListener("toggle", ({ target }) => {
  if (target.closest?.("#lora-form")) opened.set(target.querySelector("summary").textContent, target.open);
}, true);

function asSent(part) {
  for (const field of part.querySelectorAll("[name]")) {
    if (field.type === "radio" || field.type === "checkbox") field.checked = field.defaultChecked;
    else if (field.tagName === "SELECT") field.selectedIndex = Math.max(0, [...field.options].findIndex((one) => one.defaultSelected));
    else field.value = field.defaultValue;
  }
}

function putBack(since) {
  for (const [name, { turn: when, value }] of typed) {
    if (when < since) { typed.delete(name); continue; }
    const field = named(name, value);
    if (!field) continue;
    if (field.type === "checkbox") field.checked = value;
    else if (field.type === "radio") field.checked = true;
    else field.value = value;
  }
  if (at && document.activeElement === document.body) writeOn(named(at.name, at.value));
}

function writeOn(field) {
  if (!field) return;
  field.focus({ preventScroll: true });
  if (field.type !== "text" && field.type !== "number") return;
  const text = field.value;
  field.value = "";
  field.value = text; // the cursor is behind it
}

// Gradio patches what is there rather than replacing it, so a field may keep what it held: each is set anew.
new MutationObserver((changes) => {
  const form = document.querySelector("[data-lora]");
  if (form && changes.some((change) => change.attributeName === "data-turn")) {
    for (const fold of form.querySelectorAll("details")) {
      const was = opened.get(fold.querySelector("summary").textContent);
      if (was !== undefined) fold.open = was;
    }
    asSent(form);
    const answers = Number(form.dataset.turn);
    if (answers > 0) putBack(answers);
    else typed.clear(); // filled anew, as another training was
  }
  const dataset = document.getElementById("lora-dataset");
  if (dataset?.querySelector("[data-captions]") && changes.some((change) => dataset.contains(change.target) && change.attributeName !== "data-turn")) {
    asSent(dataset);
    putBack(looked);
  }
}).observe(document.getElementById("content"), { childList: true, subtree: true, attributes: true, attributeFilter: ["data-turn", "name"] });
