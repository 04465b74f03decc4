"use strict";
(() => {
  const { plots, light, dark } = JSON.parse(document.getElementById("data").textContent);
  const night = window.matchMedia("(prefers-color-scheme: dark)");
  const views = [];

  async function draw() {
    views.splice(0).forEach((view) => view.finalize());
    document.documentElement.dataset.drawn = "";
    const options = {
      // The expressions of a plot are interpreted: the page may not make code of texts.
      ast: true,
      config: night.matches ? dark : light,
      renderer: "svg",
      actions: { export: true, source: false, compiled: false, editor: false },
      tooltip: { theme: night.matches ? "dark" : "light" },
    };
    for (const [name, spec] of Object.entries(plots)) {
      views.push(await vegaEmbed(document.getElementById(name), spec, options));
    }
    document.documentElement.dataset.drawn = "yes";
  }

  let drawing = draw();
  night.addEventListener("change", () => { drawing = drawing.then(draw); });
})();
