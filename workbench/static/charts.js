// What is pointed at in a drawing, or has the focus there, is read out below it.
function tell(event) {
  const mark = event.target.closest?.("[data-chart] [data-say]");
  if (!mark) return;
  const place = mark.closest("[data-chart]").querySelector("[data-readout]");
  place.textContent = mark.dataset.say;
  if (!mark.dataset.picture) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = `/media/${mark.dataset.picture}/thumb`;
  place.prepend(picture);
}

document.addEventListener("pointerover", tell);
document.addEventListener("focusin", tell);
