// What the server drew stands until the page itself has drawn the same beneath it. What is pressed meanwhile is
// pressed again there.
const sight = document.getElementById("first-sight");
const PATIENCE = 600; // milliseconds for the pictures of the page itself
const LONGEST = 20_000; // from when the page could answer: if it does not, what it has to tell is not hidden for ever
let pressed = null;

function leave() {
  if (!sight.isConnected) return;
  sight.remove();
  if (!pressed) return;
  const same = [...document.querySelectorAll(`#content [data-act="${CSS.escape(pressed.act)}"]`)];
  same.find((button) => (button.dataset.id || "") === (pressed.id || ""))?.click();
}

function watch() {
  sight.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) pressed = { ...button.dataset };
  });
  let answers = 0;
  const drawn = new MutationObserver(async () => {
    const main = document.querySelector("#character-main section");
    if (!main) {
      if (document.getElementById("character-main")) answers ||= setTimeout(leave, LONGEST);
      return;
    }
    drawn.disconnect();
    const near = [...main.querySelectorAll("img")].filter((image) => image.getBoundingClientRect().top < innerHeight);
    const shown = Promise.allSettled(near.map((image) => image.decode()));
    await Promise.race([shown, new Promise((done) => setTimeout(done, PATIENCE))]);
    leave();
  });
  drawn.observe(document.getElementById("content"), { childList: true, subtree: true });
}

if (sight) watch();
