// Forms, files and copying on the Pipelines page; its parts are drawn as HTML and call window.lab.acts.
const say = (place, text) => { place.querySelector(".taken").textContent = text; };

function read(form) {
  const values = {};
  for (const field of form.querySelectorAll("[name]")) {
    if (field.type === "radio") { if (field.checked) values[field.name] = field.value; }
    else if (field.type === "checkbox") values[field.name] = field.checked;
    else values[field.name] = field.value;
  }
  return values;
}

async function bring(place, file) {
  const form = place.closest("form");
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  say(place, `Bringing ${file.name} in…`);
  const answer = await fetch(`/canvas-upload?${new URLSearchParams({ name: file.name })}`, { method: "POST", body: file });
  const found = await answer.json().catch(() => ({ error: "The lab did not answer; try again." }));
  button.disabled = false;
  if (!answer.ok) { say(place, found.error); return; }
  const digest = found.url.split("/").pop();
  place.querySelector("[type=hidden]").value = digest;
  const thumb = place.querySelector(".thumb");
  thumb.replaceChildren();
  if (file.type.startsWith("image/")) {
    const picture = new Image();
    picture.alt = "";
    picture.src = `/media/${digest}/thumb`;
    thumb.append(picture);
  }
  say(place, file.name);
}

window.lab.acts = (element, trigger) => {
  element.addEventListener("click", (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      const was = copy.textContent;
      navigator.clipboard.writeText(copy.dataset.copy).then(() => { copy.textContent = "Copied"; }, () => { copy.textContent = "Could not copy"; });
      setTimeout(() => { copy.textContent = was; }, 1500);
      return;
    }
    const button = event.target.closest("[data-act]");
    if (button && element.contains(button)) trigger("click", { act: button.dataset.act, id: button.dataset.id || "" });
  });
  element.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-form]");
    event.preventDefault();
    if (!form) return;
    const button = form.querySelector("[type=submit]");
    button.disabled = true; // a double click is one run
    setTimeout(() => { button.disabled = false; }, 1500);
    trigger("click", { act: form.dataset.form, id: form.dataset.id, values: read(form) });
  });
  element.addEventListener("change", (event) => {
    const place = event.target.closest("[data-take]");
    if (place && event.target.files?.length) bring(place, event.target.files[0]);
  });
  element.addEventListener("input", (event) => {
    if (event.target.type === "range") event.target.nextElementSibling.value = event.target.value;
  });
  element.addEventListener("keydown", (event) => {
    if ((event.key === "Enter" || event.key === " ") && event.target.matches("g[data-act]")) {
      event.preventDefault();
      event.target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
    }
  });
};
