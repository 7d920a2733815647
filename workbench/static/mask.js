// <lab-mask>: a picture to paint on; what is painted is white in the mask that it gives, as large as the picture.
class LabMask extends HTMLElement {
  async connectedCallback() {
    this.picture = new Image();
    this.picture.src = this.getAttribute("src");
    await this.picture.decode().catch(() => {});
    if (!this.picture.naturalWidth || !this.isConnected) return;
    const [width, height] = [this.picture.naturalWidth, this.picture.naturalHeight];
    this.view = Object.assign(document.createElement("canvas"), { width, height });
    this.paint = Object.assign(document.createElement("canvas"), { width, height });
    this.brush = this.paint.getContext("2d");
    this.replaceChildren(this.view);
    this.size = 40;
    this.erasing = false;
    if (this.getAttribute("mask")) await this.#take(this.getAttribute("mask"));
    this.view.addEventListener("pointerdown", (event) => this.#start(event));
    this.view.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) this.view.addEventListener(end, () => { this.last = null; });
    this.#show();
  }

  get isEmpty() {
    const pixels = this.brush.getImageData(0, 0, this.paint.width, this.paint.height).data;
    for (let i = 3; i < pixels.length; i += 4) if (pixels[i]) return false;
    return true;
  }

  wipe() { this.brush.clearRect(0, 0, this.paint.width, this.paint.height); this.#show(); }

  invert() {
    this.brush.globalCompositeOperation = "xor";
    this.brush.fillStyle = "#fff";
    this.brush.fillRect(0, 0, this.paint.width, this.paint.height);
    this.brush.globalCompositeOperation = "source-over";
    this.#show();
  }

  blob() {
    const mask = Object.assign(document.createElement("canvas"), { width: this.paint.width, height: this.paint.height });
    const context = mask.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, mask.width, mask.height);
    context.drawImage(this.paint, 0, 0);
    return new Promise((done) => mask.toBlob(done, "image/png"));
  }

  // A mask that is there already: its light becomes what is painted.
  async #take(address) {
    const image = new Image();
    image.src = address;
    await image.decode().catch(() => {});
    if (!image.naturalWidth) return;
    this.brush.drawImage(image, 0, 0, this.paint.width, this.paint.height);
    const data = this.brush.getImageData(0, 0, this.paint.width, this.paint.height);
    for (let i = 0; i < data.data.length; i += 4) {
      data.data[i + 3] = data.data[i];
      data.data[i] = data.data[i + 1] = data.data[i + 2] = 255;
    }
    this.brush.putImageData(data, 0, 0);
  }

  #at(event) {
    const box = this.view.getBoundingClientRect(); // the picture is fitted into it, with room left at two sides
    const scale = Math.max(this.view.width / box.width, this.view.height / box.height);
    const left = box.left + (box.width - this.view.width / scale) / 2;
    const top = box.top + (box.height - this.view.height / scale) / 2;
    return [(event.clientX - left) * scale, (event.clientY - top) * scale, scale];
  }

  #start(event) {
    if (event.button) return;
    event.preventDefault();
    this.view.setPointerCapture(event.pointerId);
    this.last = this.#at(event);
    this.#stroke(this.last);
  }

  #move(event) { if (this.last) this.#stroke(this.#at(event)); }

  #stroke(to) {
    const brush = this.brush;
    brush.globalCompositeOperation = this.erasing ? "destination-out" : "source-over";
    brush.strokeStyle = "#fff";
    brush.lineCap = brush.lineJoin = "round";
    brush.lineWidth = this.size * to[2];
    brush.beginPath();
    brush.moveTo(this.last[0], this.last[1]);
    brush.lineTo(to[0] + 0.01, to[1]);
    brush.stroke();
    brush.globalCompositeOperation = "source-over";
    this.last = to;
    this.#show();
  }

  #show() {
    const view = this.view.getContext("2d");
    view.globalAlpha = 1;
    view.clearRect(0, 0, this.view.width, this.view.height);
    view.drawImage(this.picture, 0, 0);
    const tint = Object.assign(document.createElement("canvas"), { width: this.paint.width, height: this.paint.height });
    const context = tint.getContext("2d");
    context.drawImage(this.paint, 0, 0);
    context.globalCompositeOperation = "source-in";
    context.fillStyle = "#e0478c";
    context.fillRect(0, 0, tint.width, tint.height);
    view.globalAlpha = 0.6;
    view.drawImage(tint, 0, 0);
  }
}

customElements.define("lab-mask", LabMask);

const painter = () => document.querySelector("dialog[data-painter]");
new MutationObserver(() => {
  const dialog = painter();
  if (dialog && !dialog.open) dialog.showModal();
}).observe(document.getElementById("content"), { childList: true, subtree: true });

document.addEventListener("click", async (event) => {
  const dialog = event.target.closest?.("dialog[data-painter]");
  if (!dialog) return;
  const place = dialog.querySelector("lab-mask");
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-erase]")) {
    place.erasing = !place.erasing;
    button.setAttribute("aria-pressed", String(place.erasing));
  } else if (button.matches("[data-invert]")) place.invert();
  else if (button.matches("[data-wipe]")) place.wipe();
  else if (button.matches("[data-mask-done]")) {
    const said = dialog.querySelector("[data-said]");
    if (place.isEmpty) { said.textContent = "Nothing is painted yet. Paint over the part that is to be drawn anew."; return; }
    button.disabled = true;
    try {
      const digest = await window.lab.bring(new File([await place.blob()], "mask.png", { type: "image/png" }));
      window.lab.send("masked", `${button.dataset.id} ${digest}`);
    } catch (error) { said.textContent = error.message; button.disabled = false; }
  }
});

document.addEventListener("input", (event) => {
  if (event.target.matches?.("[data-brush]")) event.target.closest("dialog").querySelector("lab-mask").size = Number(event.target.value);
});

document.addEventListener("cancel", (event) => {
  if (!event.target.matches?.("dialog[data-painter]")) return;
  event.preventDefault();
  event.target.querySelector("[data-leave]").click();
}, true);
