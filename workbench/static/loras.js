// The LoRA page: whatever is pressed carries the settings at the left and the captions at the right along.
function collected() {
  const values = {};
  for (const field of document.querySelectorAll("[data-lora] [name], [data-captions] [name]")) {
    if (field.type === "radio") { if (field.checked) values[field.name] = field.value; }
    else if (field.type === "checkbox") values[field.name] = field.checked;
    else values[field.name] = field.value;
  }
  return values;
}

window.lab.trains = (element, trigger) => {
  window.lab.acts(element, (name, data) => trigger(name, { ...data, values: { ...collected(), ...data.values } }));
  element.addEventListener("change", (event) => {
    const field = event.target.closest("[data-changes]");
    if (field) trigger("click", { act: "changed", id: field.dataset.changes, values: collected() });
  });
};
