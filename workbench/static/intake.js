// Files dropped anywhere on the Enhance page, or pasted, go to its upload field.
const field = () => document.querySelector("#intake input[type=file]");

function give(files) {
  const input = field();
  if (!input || !files.length) return;
  const bag = new DataTransfer();
  for (const file of files) bag.items.add(file);
  input.files = bag.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length || !field()) return;
  event.preventDefault();
  give(files.map((file, index) => file.name && file.name !== "image.png" ? file
    : new File([file], `pasted-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-")}${index ? "-" + index : ""}.png`, { type: file.type })));
});

let depth = 0;
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files") && field();
const mark = (on) => document.documentElement.classList.toggle("dropping", on);

document.addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; mark(true); } });
document.addEventListener("dragleave", (event) => { if (carriesFiles(event) && --depth <= 0) { depth = 0; mark(false); } });
document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
document.addEventListener("drop", (event) => {
  if (!carriesFiles(event)) return;
  depth = 0;
  mark(false);
  event.preventDefault();
  event.stopPropagation();
  give([...event.dataTransfer.files]);
}, true);
