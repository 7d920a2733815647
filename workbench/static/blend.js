// The Blend page: shares follow the sliders while they move, and stay where they were when the parents are drawn anew.
const moved = new Map();
let held = "";

function weigh() {
  const sliders = [...document.querySelectorAll("[data-share]")];
  const total = sliders.reduce((sum, one) => sum + Number(one.value), 0);
  for (const one of sliders) {
    const share = `${total ? Math.round((100 * one.value) / total) : 0} %`;
    one.nextElementSibling.value = share;
    one.setAttribute("aria-valuetext", share);
  }
}

document.addEventListener("input", (event) => {
  if (!event.target.matches?.("[data-share]")) return;
  moved.set(event.target.name, event.target.value);
  weigh();
});

document.addEventListener("focusin", (event) => {
  held = event.target.closest?.(".parents [name]")?.name || "";
});

const isNew = (node) => node.nodeType === 1 && (node.matches?.(".parents") || node.querySelector?.(".parents"));
new MutationObserver((changes) => {
  if (!changes.some((change) => [...change.addedNodes].some(isNew))) return;
  for (const one of document.querySelectorAll("[data-share]")) {
    if (moved.has(one.name)) one.value = moved.get(one.name);
  }
  weigh();
  if (held && document.activeElement === document.body) document.getElementsByName(held)[0]?.focus({ preventScroll: true });
}).observe(document.getElementById("content"), { childList: true, subtree: true });
