// The parts of every page that are not Gradio's: theme, help, broken pictures, and Escape.
const { wanted, paint, isTyping } = window.lab;

paint();
// Gradio sets its own idea of dark once it has started; ours stays in force.
new MutationObserver(() => {
  if (document.body.classList.contains("dark") !== (wanted() === "dark")) paint();
}).observe(document.body, { attributes: true, attributeFilter: ["class"] });

document.getElementById("theme-switch").addEventListener("click", () => {
  localStorage.setItem("lab-theme", wanted() === "dark" ? "light" : "dark");
  paint();
});

const help = document.getElementById("help");
const toggleHelp = () => (help.open ? help.close() : help.showModal());
document.getElementById("help-open").addEventListener("click", toggleHelp);
help.addEventListener("click", (event) => { if (event.target === help) help.close(); });

document.addEventListener("keydown", (event) => {
  if (event.key === "?" && !isTyping(event.target) && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    toggleHelp();
  }
});

// On a narrow page the bar has room for a few pages; all of them are in a sheet below it.
const pages = document.getElementById("pages");
const pagesOpen = document.getElementById("pages-open");
const showPages = (open) => { pages.classList.toggle("open", open); pagesOpen.setAttribute("aria-expanded", String(open)); };
pagesOpen.addEventListener("click", () => showPages(!pages.classList.contains("open")));
pages.addEventListener("focusin", (event) => { if (event.target.offsetTop >= pages.offsetTop + pages.offsetHeight) showPages(true); });
pages.addEventListener("focusout", ({ relatedTarget: next }) => { if (next && next !== pagesOpen && !pages.contains(next)) showPages(false); });
document.addEventListener("pointerdown", (event) => { if (!event.target.closest?.(".pages, #pages-open")) showPages(false); });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !pages.classList.contains("open")) return;
  showPages(false);
  pagesOpen.focus();
});

// A picture that cannot be shown leaves its grey place, not a broken mark.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
}, true);
document.addEventListener("load", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.remove("broken");
}, true);
