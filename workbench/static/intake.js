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

window.lab.give = give;

// A folder that is dropped: the pictures and clips in it, and in its folders.
async function inside(entry) {
  if (entry.isFile) return [await new Promise((done, failed) => entry.file(done, failed))];
  const reader = entry.createReader();
  const found = [];
  for (let some = [null]; some.length;) {
    some = await new Promise((done, failed) => reader.readEntries(done, failed));
    for (const one of some) found.push(...(await inside(one)).filter((file) => /^(image|video)\//.test(file.type)));
  }
  return found;
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
  if (event.target.closest?.("[data-drop-settings], [data-slot]")) return; // these take it themselves
  event.preventDefault();
  event.stopPropagation();
  const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) { give([...event.dataTransfer.files]); return; }
  Promise.all(entries.map(inside)).then((found) => give(found.flat()));
}, true);
