// <lab-players before after fps ...>: two clips side by side that play, stop and step as one. The second one leads.
const STYLE = `
:host { display: flex; flex-direction: column; width: 100%; height: 100%; outline: none; }
.pair { flex: 1; min-height: 0; display: grid; grid-template-columns: 1fr 1fr; gap: 2px; }
figure { position: relative; margin: 0; min-width: 0; min-height: 0; overflow: hidden; }
video { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; background: none; }
figcaption { position: absolute; top: 8px; left: 8px; max-width: calc(100% - 30px); padding: 2px 7px; border-radius: 4px; background: rgb(0 0 0 / .62); color: #fff; font: 500 11px/16px system-ui, sans-serif; pointer-events: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; box-sizing: border-box; }
.trouble { position: absolute; inset: auto 8px 8px; margin: 0; padding: 6px 8px; border-radius: 4px; background: rgb(0 0 0 / .75); color: #fff; font: 12px/1.4 system-ui, sans-serif; }
.desk { display: flex; align-items: center; gap: 6px; padding: 6px 8px; background: var(--panel); border-top: 1px solid var(--line); }
button { min-width: 30px; height: 28px; border: 1px solid var(--line); border-radius: 5px; background: var(--raised); color: var(--ink); font: 500 12px/1 system-ui, sans-serif; cursor: pointer; }
button:hover { background: var(--hover); }
button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button.play { min-width: 58px; }
input[type=range] { flex: 1; min-width: 40px; accent-color: var(--accent); height: 28px; margin: 0; }
output { min-width: 92px; text-align: right; font: 12px/1 system-ui, sans-serif; font-variant-numeric: tabular-nums; color: var(--ink-2); }
@media (max-width: 640px) { .pair { grid-template-columns: 1fr; grid-template-rows: 1fr 1fr; } output { min-width: 70px; } }
`;

const DRIFT = 0.04; // seconds two clips may lie apart before the follower is set right
const TROUBLE = "This browser cannot play the format of this clip. Download it to watch it.";

class LabPlayers extends HTMLElement {
  static observedAttributes = ["before", "after"];

  constructor() {
    super();
    this.attachShadow({ mode: "open" }).innerHTML = `<style>${STYLE}</style>
      <div class="pair"><figure><video class="before" muted playsinline preload="auto"></video><figcaption></figcaption></figure>
      <figure><video class="after" playsinline preload="auto"></video><figcaption></figcaption></figure></div>
      <div class="desk"><button class="play" aria-label="Play both">Play</button><button data-step="-1" aria-label="One frame back" title="One frame back (,)">‹</button><button data-step="1" aria-label="One frame forward" title="One frame forward (.)">›</button>
      <input type="range" min="0" max="1000" value="0" step="1" aria-label="Position in both clips"><output>0.00 s</output><button class="slow" aria-pressed="false" title="Quarter speed">¼×</button></div>`;
    const find = (selector) => this.shadowRoot.querySelector(selector);
    this.follower = find(".before");
    this.leader = find(".after");
    this.bar = find("input");
    this.shown = find("output");
    find(".play").addEventListener("click", () => this.toggle());
    find(".slow").addEventListener("click", (event) => this.#slow(event.currentTarget));
    for (const button of this.shadowRoot.querySelectorAll("[data-step]")) button.addEventListener("click", () => this.step(Number(button.dataset.step)));
    this.bar.addEventListener("input", () => this.seek((this.bar.value / 1000) * this.#length()));
    this.addEventListener("keydown", (event) => this.#keys(event));
    for (const video of [this.leader, this.follower]) {
      video.addEventListener("click", () => this.toggle());
      video.addEventListener("error", () => this.#trouble(video));
      video.addEventListener("loadedmetadata", () => this.#show());
    }
    for (const name of ["play", "pause", "ended", "seeked", "timeupdate"]) this.leader.addEventListener(name, () => this.#show());
    this.leader.addEventListener("ended", () => this.follower.pause());
  }

  connectedCallback() {
    if (!this.hasAttribute("tabindex")) this.tabIndex = 0;
    const captions = this.shadowRoot.querySelectorAll("figcaption");
    captions[0].textContent = this.getAttribute("before-label") ?? "Before";
    captions[1].textContent = this.getAttribute("after-label") ?? "After";
    for (const side of ["before", "after"]) this.shadowRoot.querySelector(`video.${side}`).poster = this.getAttribute(`${side}-poster`) ?? "";
  }

  disconnectedCallback() {
    this.leader.pause();
    this.follower.pause();
  }

  attributeChangedCallback(name, _, value) {
    const video = this.shadowRoot.querySelector(`video.${name}`);
    video.parentElement.querySelector(".trouble")?.remove();
    video.src = value;
  }

  async toggle() {
    if (!this.leader.paused) {
      this.leader.pause();
      this.follower.pause();
      this.#align(true);
      return;
    }
    if (this.leader.ended) this.seek(0);
    this.#align(true);
    await Promise.allSettled([this.leader.play(), this.follower.play()]);
    this.#keepTogether();
  }

  step(direction) {
    this.leader.pause();
    this.follower.pause();
    const frame = 1 / (Number(this.getAttribute("fps")) || 30);
    const at = Math.floor(this.leader.currentTime / frame + 0.01);
    this.seek((at + direction + 0.5) * frame);
  }

  seek(seconds) {
    const to = Math.max(0, Math.min(this.#length(), seconds));
    this.leader.currentTime = to;
    this.follower.currentTime = Math.min(to, this.follower.duration || to);
    this.#show();
  }

  #length() { return this.leader.duration || this.follower.duration || 0; }

  #align(exactly) {
    const apart = Math.abs(this.follower.currentTime - this.leader.currentTime);
    if (apart > (exactly ? 0.001 : DRIFT)) this.follower.currentTime = Math.min(this.leader.currentTime, this.follower.duration || 0);
  }

  #keepTogether() {
    if (this.leader.paused || !this.isConnected) return;
    if (!this.follower.ended) this.#align(false);
    this.#show();
    requestAnimationFrame(() => this.#keepTogether());
  }

  #slow(button) {
    const slow = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", slow);
    this.leader.playbackRate = this.follower.playbackRate = slow ? 0.25 : 1;
  }

  #trouble(video) {
    const box = video.parentElement;
    if (box.querySelector(".trouble")) return;
    const words = document.createElement("p");
    words.className = "trouble";
    words.textContent = TROUBLE;
    box.append(words);
  }

  #show() {
    const length = this.#length();
    this.bar.value = length ? (1000 * this.leader.currentTime) / length : 0;
    this.bar.setAttribute("aria-valuetext", `${this.leader.currentTime.toFixed(2)} seconds`);
    this.shown.textContent = `${this.leader.currentTime.toFixed(2)} / ${length.toFixed(2)} s`;
    const button = this.shadowRoot.querySelector(".play");
    button.textContent = this.leader.paused ? "Play" : "Pause";
    button.setAttribute("aria-label", this.leader.paused ? "Play both" : "Pause both");
  }

  #keys(event) {
    const inside = event.composedPath()[0];
    const act = { " ": () => this.toggle(), ",": () => this.step(-1), ".": () => this.step(1) }[event.key];
    if (!act || (event.key === " " && inside.tagName === "BUTTON")) return;
    event.preventDefault();
    act();
  }
}

customElements.define("lab-players", LabPlayers);
