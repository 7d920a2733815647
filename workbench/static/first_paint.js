(() => {
  const wanted = () => localStorage.getItem("lab-theme") || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const paint = () => {
    document.documentElement.dataset.theme = wanted();
    if (document.body) document.body.classList.toggle("dark", wanted() === "dark");
  };
  window.labTheme = { wanted, paint };
  paint();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);
})();
