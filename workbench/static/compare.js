// <lab-compare before after width height>: two pictures over each other, a divider between them, and a magnifier.
// Its insides live in a shadow tree, so the page around it can be redrawn without touching them.
const STYLE = `
:host { display: block; position: relative; width: 100%; height: 100%; overflow: hidden; touch-action: none; user-select: none; }
.plate { position: absolute; inset: 0; overflow: hidden; cursor: var(--cursor, default); }
img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; transform: translate(var(--x, 0px), var(--y, 0px)) scale(var(--zoom, 1)); transform-origin: 50% 50%; }
.pixels img { image-rendering: pixelated; }
.rod { position: absolute; top: 0; bottom: 0; left: var(--cut, 50%); width: 32px; margin-left: -16px; cursor: ew-resize; outline: none; }
.rod::before { content: ""; position: absolute; left: 15px; top: 0; bottom: 0; width: 2px; background: #fff; box-shadow: 0 0 0 1px rgb(0 0 0 / .35); }
.rod::after { content: "‹ ›"; position: absolute; left: 2px; top: 50%; width: 28px; height: 28px; margin-top: -14px; border-radius: 50%; background: #fff; color: #222; font: 600 13px/27px system-ui, sans-serif; text-align: center; letter-spacing: 1px; box-shadow: 0 0 0 1px rgb(0 0 0 / .35), 0 1px 4px rgb(0 0 0 / .3); }
.rod:focus-visible::after { box-shadow: 0 0 0 2px #fff, 0 0 0 4px var(--accent); }
.tag { position: absolute; top: 8px; padding: 2px 7px; border-radius: 4px; background: rgb(0 0 0 / .62); color: #fff; font: 500 11px/16px system-ui, sans-serif; pointer-events: none; }
.tag.b { left: 8px; } .tag.a { right: 8px; }
.zoom { position: absolute; right: 8px; bottom: 8px; display: flex; gap: 1px; border-radius: 5px; overflow: hidden; box-shadow: 0 0 0 1px rgb(0 0 0 / .35); }
.zoom button { border: 0; padding: 3px 9px; background: rgb(20 20 20 / .8); color: #fff; font: 500 11px/16px system-ui, sans-serif; cursor: pointer; }
.zoom button:hover { background: rgb(60 60 60 / .9); } .zoom button[aria-pressed=true] { background: #fff; color: #222; }
.zoom button:focus-visible { outline: 2px solid #fff; outline-offset: -3px; }
`;

class LabCompare extends HTMLElement {
  static observedAttributes = ["before", "after", "before-label", "after-label"];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).innerHTML = `<style>${STYLE}</style>
      <div class="plate"><img class="after" alt="After" draggable="false"><img class="before" alt="Before" draggable="false">
      <span class="tag b">Before</span><span class="tag a">After</span>
      <div class="rod" role="slider" tabindex="0" aria-label="Divider between before and after" aria-valuemin="0" aria-valuemax="100" aria-orientation="horizontal"></div></div>
      <div class="zoom" role="group" aria-label="Magnification"><button data-zoom="fit">Fit</button><button data-zoom="1">100 %</button><button data-zoom="2">200 %</button></div>`;
    this.plate = this.shadowRoot.querySelector(".plate");
    this.rod = this.shadowRoot.querySelector(".rod");
    this.place = { cut: 50, zoom: "fit", x: 0, y: 0 };
    this.rod.addEventListener("pointerdown", (event) => this.#follow(event, (to) => this.#cut(this.#share(to))));
    this.plate.addEventListener("pointerdown", (event) => this.#grab(event));
    this.plate.addEventListener("dblclick", () => this.#zoom(this.place.zoom === "fit" ? "1" : "fit"));
    this.rod.addEventListener("keydown", (event) => this.#keys(event));
    this.shadowRoot.querySelector(".zoom").addEventListener("click", (event) => event.target.dataset.zoom && this.#zoom(event.target.dataset.zoom));
    this.addEventListener("keydown", (event) => { const to = { 0: "fit", 1: "1", 2: "2" }[event.key]; if (to) this.#zoom(to); });
  }

  connectedCallback() {
    this.watcher = new ResizeObserver(() => this.#draw());
    this.watcher.observe(this);
    this.#draw();
  }

  disconnectedCallback() { this.watcher?.disconnect(); }

  attributeChangedCallback(name, _, value) {
    if (name.endsWith("-label")) {
      this.shadowRoot.querySelector(name === "before-label" ? ".tag.b" : ".tag.a").textContent = value;
      return;
    }
    this.shadowRoot.querySelector(`.${name}`).src = value;
    this.#zoom("fit");
  }

  #share(event) {
    const box = this.getBoundingClientRect();
    return (100 * (event.clientX - box.left)) / box.width;
  }

  #cut(share) {
    this.place.cut = Math.max(0, Math.min(100, share));
    this.#draw();
  }

  #zoom(zoom) {
    Object.assign(this.place, { zoom, x: 0, y: 0 });
    this.#draw();
  }

  // CSS pixels of the fitted picture against its own pixels, so that 100 % means one for one.
  #factor() {
    if (this.place.zoom === "fit") return 1;
    const own = this.#own();
    const fitted = Math.min(this.clientWidth / own.width, this.clientHeight / own.height);
    return Number(this.place.zoom) / (fitted * devicePixelRatio);
  }

  #own() {
    return { width: Number(this.getAttribute("width")) || this.clientWidth, height: Number(this.getAttribute("height")) || this.clientHeight };
  }

  #grab(event) {
    if (event.target === this.rod || event.button !== 0) return;
    if (this.place.zoom === "fit") { this.#cut(this.#share(event)); this.rod.focus({ preventScroll: true }); }
    const start = { ...this.place, px: event.clientX, py: event.clientY };
    this.#follow(event, (to) => {
      if (this.place.zoom === "fit") this.#cut(this.#share(to));
      else { this.place.x = start.x + to.clientX - start.px; this.place.y = start.y + to.clientY - start.py; this.#draw(); }
    });
  }

  #follow(event, moved) {
    event.preventDefault();
    event.stopPropagation();
    event.currentTarget.focus?.({ preventScroll: true });
    const holder = event.currentTarget;
    holder.setPointerCapture(event.pointerId);
    const done = () => holder.removeEventListener("pointermove", moved);
    holder.addEventListener("pointermove", moved);
    holder.addEventListener("pointerup", done, { once: true });
    holder.addEventListener("pointercancel", done, { once: true });
  }

  #keys(event) {
    const step = event.shiftKey ? 10 : 1;
    const to = { ArrowLeft: this.place.cut - step, ArrowRight: this.place.cut + step, Home: 0, End: 100 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    this.#cut(to);
  }

  #draw() {
    const factor = this.#factor();
    const own = this.#own();
    const fitted = Math.min(this.clientWidth / own.width, this.clientHeight / own.height) * factor;
    const limit = (size, room) => Math.max(0, (size * fitted - room) / 2);
    this.place.x = Math.max(-limit(own.width, this.clientWidth), Math.min(limit(own.width, this.clientWidth), this.place.x));
    this.place.y = Math.max(-limit(own.height, this.clientHeight), Math.min(limit(own.height, this.clientHeight), this.place.y));
    const style = this.plate.style;
    style.setProperty("--cut", `${this.place.cut}%`);
    style.setProperty("--zoom", factor);
    style.setProperty("--x", `${this.place.x}px`);
    style.setProperty("--y", `${this.place.y}px`);
    style.setProperty("--cursor", this.place.zoom === "fit" ? "ew-resize" : "grab");
    this.#clip(factor);
    this.plate.classList.toggle("pixels", factor * (this.clientWidth / own.width) > 3);
    this.rod.setAttribute("aria-valuenow", Math.round(this.place.cut));
    this.rod.setAttribute("aria-valuetext", `${Math.round(this.place.cut)} % before`);
    for (const button of this.shadowRoot.querySelectorAll("[data-zoom]")) button.setAttribute("aria-pressed", button.dataset.zoom === this.place.zoom);
  }

  // Clipping happens before the transform, so the cut is carried back into the picture's own frame.
  #clip(factor) {
    const width = this.clientWidth;
    const at = (this.place.cut / 100) * width;
    const local = (at - this.place.x - width / 2) / factor + width / 2;
    const cut = Math.max(0, Math.min(width, local));
    this.shadowRoot.querySelector(".after").style.clipPath = `inset(0 0 0 ${cut}px)`;
    this.shadowRoot.querySelector(".before").style.clipPath = `inset(0 ${width - cut}px 0 0)`;
  }
}

customElements.define("lab-compare", LabCompare);
