(() => {
  const wanted = () => localStorage.getItem("lab-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const paint = () => {
    document.documentElement.dataset.theme = wanted();
    if (document.body) document.body.classList.toggle("dark", wanted() === "dark");
  };
  const isTyping = (target) =>
    target.closest?.("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]") != null;
  window.lab = { wanted, paint, isTyping };
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
