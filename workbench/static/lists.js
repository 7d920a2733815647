// Arrows move the focus in anything marked data-list, between its data-item elements. Escape closes what is open.
const { isTyping } = window.lab;

const STEPS = { ArrowDown: 1, ArrowUp: -1, ArrowRight: 1, ArrowLeft: -1 };

function move(event, list) {
  const items = [...list.querySelectorAll("[data-item]")];
  const at = items.indexOf(event.target.closest("[data-item]"));
  const along = event.key === "ArrowLeft" || event.key === "ArrowRight";
  if (at < 0 || (along && !list.hasAttribute("data-across"))) return;
  const step = along || !list.hasAttribute("data-across") ? STEPS[event.key] : STEPS[event.key] * columns(items);
  const next = items[Math.max(0, Math.min(items.length - 1, at + step))];
  event.preventDefault();
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function columns(items) {
  const top = items[0].getBoundingClientRect().top;
  const below = items.findIndex((item) => item.getBoundingClientRect().top > top + 4);
  return below < 0 ? items.length : below;
}

// Gradio gives each choice of a group a name of its own, so the browser does not move between them; this does.
function choose(event) {
  const choices = [...event.target.closest("fieldset").querySelectorAll("input[type=radio]")];
  const next = choices[(choices.indexOf(event.target) + STEPS[event.key] + choices.length) % choices.length];
  event.preventDefault();
  next.focus();
  next.click();
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey || document.querySelector("dialog[open]")) return;
  if (event.key in STEPS) {
    const list = event.target.closest?.("[data-list]");
    if (event.target.matches?.("fieldset input[type=radio]")) choose(event);
    else if (list) move(event, list);
    else if (event.target === document.body && event.key === "ArrowDown") {
      const first = document.querySelector("[data-list] [data-item]");
      if (first) { event.preventDefault(); first.focus(); }
    }
  } else if (event.key === "Escape" && !isTyping(event.target)) {
    const close = document.querySelector("[data-act=close]");
    if (!close) return;
    close.click();
    document.querySelector(`[data-item][data-id="${CSS.escape(close.dataset.id)}"]`)?.focus();
  }
});
