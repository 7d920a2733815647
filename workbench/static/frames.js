// A place that takes several files: each goes to the lab as it is dropped, and the form carries their digests.
async function bring(place, files) {
  const form = place.closest("form");
  const field = place.querySelector("[type=hidden]");
  const list = form.querySelector(".brought");
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  for (const file of files) {
    const row = document.createElement("li");
    row.innerHTML = "<span class='thumb'></span><span></span>";
    const [thumb, words] = row.children;
    words.textContent = `Bringing ${file.name} in…`;
    list.append(row);
    const query = new URLSearchParams({ name: file.name });
    const answer = await fetch(`/canvas-upload?${query}`, { method: "POST", body: file }).catch(() => null);
    const found = await answer?.json().catch(() => null);
    if (!answer?.ok || !found) {
      words.className = "wrong";
      words.textContent = found?.error || `${file.name} did not arrive; the lab did not answer. Drop it again.`;
      thumb.remove();
      continue;
    }
    const digest = found.url.split("/").pop();
    field.value = [...new Set([...field.value.split(" ").filter(Boolean), digest])].join(" ");
    words.textContent = file.name;
    const picture = new Image();
    picture.alt = "";
    picture.src = `/media/${digest}/thumb`;
    thumb.append(picture);
  }
  button.disabled = false;
}

document.addEventListener("change", (event) => {
  const place = event.target.closest?.("[data-bring]");
  if (!place || event.target.type !== "file" || !event.target.files.length) return;
  bring(place, [...event.target.files]);
  event.target.value = "";
});
