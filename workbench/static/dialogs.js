// A question that arrives in the page opens over it. Escape answers no, and the focus goes back to where it was.
const open = () => {
  for (const dialog of document.querySelectorAll("dialog[data-modal]:not([open])")) dialog.showModal();
};
new MutationObserver(open).observe(document.getElementById("content"), { childList: true, subtree: true });

document.addEventListener("click", (event) => {
  const dialog = event.target.closest?.("dialog[data-modal]");
  if (!dialog || !event.target.closest("[data-act]")) return;
  delete dialog.dataset.modal;
  dialog.close();
});

document.addEventListener("cancel", (event) => {
  if (!event.target.matches?.("dialog[data-modal]")) return;
  event.preventDefault();
  event.target.querySelector("[data-act=dismiss]").click();
}, true);
