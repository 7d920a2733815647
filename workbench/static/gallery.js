// <lab-gallery>: thousands of pictures, of which only those near the window are in the page; and the full view.
// Its list is JSON inside it: [id, digest, label, score or null, marks] a picture; marks are words for its class.
const LEAST = 132; // narrowest column, in CSS pixels
const GAP = 8;
const CAPTION = 22;
const SPARE = 3; // rows drawn above and below the window

class LabGallery extends HTMLElement {
  connectedCallback() {
    this.items = JSON.parse(this.querySelector("template")?.content.textContent || "[]");
    this.count = Math.max(this.items.length, Number(this.dataset.count) || 0); // the others are still to come
    this.drawn = new Map();
    this.look = () => { this.waiting ||= requestAnimationFrame(() => { this.waiting = 0; this.#draw(); }); };
    this.watcher = new ResizeObserver(this.look);
    this.watcher.observe(this);
    addEventListener("scroll", this.look, { passive: true, capture: true });
    this.#draw();
  }

  disconnectedCallback() {
    this.watcher.disconnect();
    removeEventListener("scroll", this.look, { capture: true });
    cancelAnimationFrame(this.waiting);
  }

  #draw() {
    const width = this.clientWidth;
    const across = Math.max(1, Math.floor((width + GAP) / (LEAST + GAP)));
    const side = (width - GAP * (across - 1)) / across;
    const step = side + CAPTION + GAP;
    this.style.height = `${Math.ceil(this.count / across) * step}px`;
    const top = this.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(-top / step) - SPARE) * across;
    const last = Math.min(this.items.length, (Math.ceil((innerHeight - top) / step) + SPARE) * across);
    for (const [place, cell] of this.drawn) {
      if ((place < first || place >= last) && cell !== document.activeElement) { cell.remove(); this.drawn.delete(place); }
    }
    let before = null;
    for (let place = first; place < last; place += 1) {
      let cell = this.drawn.get(place);
      if (!cell) {
        cell = this.#cell(this.items[place]);
        this.drawn.set(place, cell);
        if (before) before.after(cell); else this.prepend(cell);
      }
      before = cell;
      cell.style.cssText = `width:${side}px;height:${side + CAPTION}px;transform:translate(${(place % across) * (side + GAP)}px,${Math.floor(place / across) * step}px)`;
    }
  }

  #cell([id, digest, label, score, marks]) {
    const cell = document.createElement("button");
    cell.type = "button";
    cell.className = `picture ${marks}`;
    Object.assign(cell.dataset, { item: "", act: "take", id });
    cell.title = label;
    const thumb = document.createElement("span");
    thumb.className = "thumb";
    const image = new Image();
    image.alt = "";
    image.decoding = "async";
    image.src = `/media/${digest}/thumb`;
    thumb.append(image);
    const words = document.createElement("span");
    words.className = "caption";
    const [name, figure] = [document.createElement("b"), document.createElement("em")];
    name.textContent = label;
    figure.textContent = score == null ? "–" : score.toFixed(2);
    words.append(name, figure);
    cell.append(thumb, words);
    return cell;
  }
}

customElements.define("lab-gallery", LabGallery);

// The full view opens over the page as soon as it arrives; arrows leaf through, Escape closes it. How far something in
// it is comes with the page around it: the view itself is not drawn anew, which would take the focus away.
const viewer = () => document.querySelector("dialog[data-viewer]");
let looked = ""; // what the full view showed last; the focus goes back there when it closes
new MutationObserver(() => {
  const dialog = viewer();
  if (dialog && !dialog.open) dialog.showModal();
  if (!dialog && looked) document.querySelector(`[data-item][data-id="${CSS.escape(looked)}"]`)?.focus();
  looked = dialog?.dataset.viewer || "";
  for (const part of document.querySelectorAll("details[data-keep]")) {
    if (folds.has(part.dataset.keep)) part.open = folds.get(part.dataset.keep);
  }
  for (const told of document.querySelectorAll("template[data-live]")) {
    const place = dialog?.querySelector(`[data-live-of="${CSS.escape(told.dataset.live)}"]`);
    if (place && place.innerHTML !== told.innerHTML) place.replaceChildren(told.content.cloneNode(true));
  }
}).observe(document.getElementById("content"), { childList: true, subtree: true });

// What a person folds or unfolds stays so when the page around it is drawn anew.
const folds = new Map();
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details[data-keep]") && event.target.isConnected) folds.set(event.target.dataset.keep, event.target.open);
}, true);

const press = (name) => viewer()?.querySelector(`[data-${name}]`)?.click();

document.addEventListener("keydown", (event) => {
  if (!viewer()?.open || event.altKey || event.ctrlKey || event.metaKey || window.lab.isTyping(event.target)) return;
  if (event.composedPath()[0].getAttribute?.("role") === "slider") return;
  const name = { ArrowLeft: "before", ArrowRight: "next" }[event.key];
  if (!name) return;
  event.preventDefault();
  press(name);
});

document.addEventListener("cancel", (event) => {
  if (!event.target.matches?.("dialog[data-viewer]")) return;
  event.preventDefault();
  press("leave");
}, true);

document.addEventListener("click", (event) => {
  if (event.target.matches?.("dialog[data-viewer]")) press("leave");
});
