// Light or dark: the device's choice until the reader makes one. Loaded before the page is painted, so nothing flashes.
(() => {
  const root = document.documentElement;
  const prefersDark = matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off: the device's choice rules
    }
  };
  const isDark = () => (root.dataset.theme || (prefersDark.matches ? "dark" : "light")) === "dark";

  if (kept()) root.dataset.theme = kept();

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme-toggle");
    const name = () => (button.textContent = isDark() ? button.dataset.light : button.dataset.dark);
    button.addEventListener("click", () => {
      root.dataset.theme = isDark() ? "light" : "dark";
      try {
        localStorage.setItem("theme", root.dataset.theme);
      } catch {
        // kept for this page only
      }
      name();
    });
    prefersDark.addEventListener("change", name);
    name();
    button.hidden = false;
  });
})();
