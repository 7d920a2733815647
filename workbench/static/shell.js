// The parts of every page that are not Gradio's: theme, help, broken pictures, and Escape.
const { wanted, paint, isTyping } = window.lab;

paint();
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
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

// A picture that cannot be shown leaves its grey place, not a broken mark.
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.add("broken");
}, true);
document.addEventListener("load", (event) => {
  if (event.target instanceof HTMLImageElement) event.target.classList.remove("broken");
}, true);
