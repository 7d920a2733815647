// What the lab refuses is said. Gradio shows the errors of queued events only, and ours answer at once.
const FAULT = "Something in the lab failed; its terminal says what. Load the page again before you go on.";
const ask = window.fetch.bind(window);
let hide = 0;

window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  if (!answer.ok && /\/gradio_api\/(run|call)\//.test(asked[0]?.url ?? String(asked[0]))) {
    const told = await answer.clone().json().catch(() => ({}));
    say(told.title || "That did not work", told.error || told.detail || FAULT);
  }
  return answer;
};

function say(title, words) {
  const place = document.getElementById("refusal");
  place.querySelector("b").textContent = title;
  place.querySelector("p").textContent = typeof words === "string" ? words : FAULT;
  place.hidePopover();
  place.showPopover(); // anew, so that it lies above a dialog that is open
  clearTimeout(hide);
  hide = setTimeout(() => { if (!place.matches(":hover, :focus-within")) place.hidePopover(); }, 12_000);
}

document.querySelector("#refusal button").addEventListener("click", () => document.getElementById("refusal").hidePopover());
