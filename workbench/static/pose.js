// <lab-pose>: the stick figure that holds a cell, with joints that are dragged or moved by keyboard.
// What was moved and not yet kept outlives a page that is drawn anew around it.
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 1000; // units across the picture
const ROOM = 70; // around it, for joints at its edge
const STEP = 0.01; // of a side, by keyboard
const HANGING = {
  neck: ["nose", "right_shoulder", "left_shoulder", "right_hip", "left_hip"], nose: ["right_eye", "left_eye"],
  right_eye: ["right_ear"], left_eye: ["left_ear"],
  right_shoulder: ["right_elbow"], right_elbow: ["right_wrist"], left_shoulder: ["left_elbow"], left_elbow: ["left_wrist"],
  right_hip: ["right_knee"], right_knee: ["right_ankle"], left_hip: ["left_knee"], left_knee: ["left_ankle"],
};
const FACE = ["nose", "right_eye", "left_eye", "right_ear", "left_ear"];
const drafts = new Map();

const words = (name) => name.replaceAll("_", " ");
const bound = (value) => Math.max(-4, Math.min(5, Number(value.toFixed(4))));
const beyond = (name) => [name, ...(HANGING[name] || []).flatMap(beyond)];
const make = (kind, attributes) => {
  const made = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

class LabPose extends HTMLElement {
  connectedCallback() {
    const { points, asSet, bones, aspect, picture } = this.dataset;
    this.high = WIDE * Number(aspect);
    this.asSet = JSON.parse(asSet);
    this.bones = JSON.parse(bones);
    this.draft = `${this.dataset.key} ${points}`;
    if (!drafts.has(this.draft)) drafts.set(this.draft, { points: JSON.parse(points), past: [] });
    this.svg = make("svg", { viewBox: `${-ROOM} ${-ROOM} ${WIDE + 2 * ROOM} ${this.high + 2 * ROOM}`, role: "group", "aria-label": "The body, joint by joint" });
    this.svg.append(make("rect", { class: "frame", width: WIDE, height: this.high }));
    if (picture) this.svg.append(make("image", { href: picture, width: WIDE, height: this.high, preserveAspectRatio: "none" }));
    this.lines = this.bones.map((_, n) => make("line", { stroke: `hsl(${20 * n} 100% 45%)` }));
    this.dots = this.points.map((point, n) => this.#joint(point.name, n));
    this.svg.append(...this.lines, ...this.dots);
    this.replaceChildren(this.svg);
    this.svg.addEventListener("pointerdown", (event) => this.#grab(event));
    this.svg.addEventListener("keydown", (event) => this.#key(event));
    this.svg.addEventListener("focusin", (event) => this.#say(event.target.dataset.name));
    this.#show();
    requestAnimationFrame(() => this.isConnected && this.#show());
  }

  get points() { return drafts.get(this.draft).points; }

  get past() { return drafts.get(this.draft).past; }

  undo() {
    if (this.past.length) drafts.get(this.draft).points = this.past.pop();
    this.#show();
  }

  mirror() {
    this.#remember();
    const other = (name) => name.replace(/^(left|right)/, (side) => (side === "left" ? "right" : "left"));
    const was = new Map(this.points.map((point) => [point.name, { ...point }]));
    for (const point of this.points) {
      const from = was.get(other(point.name));
      Object.assign(point, { x: bound(1 - from.x), y: from.y, seen: from.seen });
    }
    this.#show();
  }

  reset() {
    this.#remember();
    drafts.get(this.draft).points = structuredClone(this.asSet);
    this.#show();
  }

  // A joint that is drawn again comes back into the picture.
  draw(name, seen) {
    this.#remember();
    const point = this.#point(name);
    point.seen = seen;
    if (seen) Object.assign(point, { x: Math.max(0, Math.min(1, point.x)), y: Math.max(0, Math.min(1, point.y)) });
    this.#show();
    this.#say(name);
  }

  picture(shown) { this.svg.querySelector("image")?.toggleAttribute("hidden", !shown); }

  #point(name) { return this.points.find((point) => point.name === name); }

  #remember() { this.past.push(structuredClone(this.points)); }

  #joint(name, n) {
    const group = make("g", { class: "joint", tabindex: 0, role: "button", "data-name": name, "aria-roledescription": "joint" });
    group.append(make("circle", { class: "hold", r: FACE.includes(name) ? 16 : 36 }), make("circle", { class: "mark", r: FACE.includes(name) ? 9 : 14, fill: `hsl(${20 * n} 100% 55%)` }));
    return group;
  }

  #move(names, dx, dy) {
    for (const name of names) {
      const point = this.#point(name);
      Object.assign(point, { x: bound(point.x + dx), y: bound(point.y + dy) });
    }
    this.#show();
  }

  #grab(event) {
    if (event.button) return;
    event.preventDefault();
    const name = event.target.closest(".joint")?.dataset.name;
    if (name) event.target.closest(".joint").focus({ preventScroll: true });
    const names = !name ? this.points.map((point) => point.name) : event.shiftKey ? beyond(name) : [name];
    let [x, y] = this.#at(event);
    let moved = false;
    const follow = (to) => {
      if (!moved) { this.#remember(); moved = true; }
      const [nx, ny] = this.#at(to);
      this.#move(names, nx - x, ny - y);
      [x, y] = [nx, ny];
    };
    this.svg.setPointerCapture(event.pointerId);
    this.svg.addEventListener("pointermove", follow);
    for (const end of ["pointerup", "pointercancel"]) {
      this.svg.addEventListener(end, () => { this.svg.removeEventListener("pointermove", follow); this.#say(name); }, { once: true });
    }
  }

  #at(event) {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [x / WIDE, y / this.high];
  }

  #key(event) {
    const name = event.target.dataset?.name;
    if (!name) return;
    if ((event.ctrlKey || event.metaKey) && event.key === "z") { event.preventDefault(); this.undo(); this.#say(name); return; }
    const by = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (!by && event.key !== " " && event.key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    if (!by) { this.draw(name, !this.#point(name).seen); return; }
    if (!event.repeat) this.#remember();
    this.#move(event.shiftKey ? beyond(name) : [name], ...by);
    this.#say(name);
  }

  #show() {
    const place = new Map(this.points.map((point) => [point.name, point]));
    this.points.forEach((point, n) => {
      const dot = this.dots[n];
      const far = point.x < -0.06 || point.x > 1.06 || point.y < -0.06 || point.y > 1.06;
      dot.setAttribute("transform", `translate(${point.x * WIDE} ${point.y * this.high})`);
      dot.toggleAttribute("hidden", far);
      dot.setAttribute("class", point.seen ? "joint" : "joint out");
      dot.setAttribute("aria-pressed", point.seen);
      dot.setAttribute("aria-label", `${words(point.name)}, ${Math.round(100 * point.x)} % across, ${Math.round(100 * point.y)} % down`);
    });
    const names = this.points.map((point) => point.name);
    this.bones.forEach(([from, to], n) => {
      const [a, b] = [place.get(names[from]), place.get(names[to])];
      const line = this.lines[n];
      line.toggleAttribute("hidden", !(a.seen && b.seen));
      for (const [name, value] of Object.entries({ x1: a.x * WIDE, y1: a.y * this.high, x2: b.x * WIDE, y2: b.y * this.high })) line.setAttribute(name, value);
    });
    const dialog = this.closest("dialog");
    const field = dialog?.querySelector("[name=points]");
    if (!field) return; // the page is still being put together
    field.value = JSON.stringify(this.points);
    dialog.querySelector("[data-pose=undo]").disabled = !this.past.length;
    for (const box of dialog.querySelectorAll("[data-joint]")) box.checked = place.get(box.dataset.joint).seen;
  }

  #say(name) {
    const said = this.closest("dialog")?.querySelector("[data-said]");
    const point = name && this.#point(name);
    if (said && point) said.textContent = `${words(name)}: ${Math.round(100 * point.x)} % across, ${Math.round(100 * point.y)} % down${point.seen ? "" : ", left out"}`;
  }
}

customElements.define("lab-pose", LabPose);

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-pose]");
  if (!button) return;
  const figure = button.closest("dialog").querySelector("lab-pose");
  const acts = { undo: () => figure.undo(), mirror: () => figure.mirror(), "as-set": () => figure.reset() };
  acts[button.dataset.pose]?.();
  if (button.dataset.pose !== "picture") return;
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", shown);
  figure.picture(shown);
});

document.addEventListener("change", (event) => {
  const box = event.target.closest?.("[data-joint]");
  if (box) box.closest("dialog").querySelector("lab-pose").draw(box.dataset.joint, box.checked);
});
