// The trend of client scores and how many gave each. The page says the same in numbers.

import Chart from "chart.js/auto";

const { labels, nps, mean, answered, spread, critical, words } = JSON.parse(document.getElementById("scores-data").textContent);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const charts = [];

/** Colours follow the theme, also when it is switched while the page is open. */
function draw() {
  while (charts.length) charts.pop().destroy();
  const [accent, bad, soft, line, text] = ["--accent", "--danger", "--accent-line", "--border", "--text-3"].map(colour);
  const axis = { ticks: { color: text, precision: 0 }, grid: { color: line }, border: { display: false } };
  const bare = { ...axis, grid: { display: false } };
  const common = { maintainAspectRatio: false, animation: false, interaction: { mode: "index", intersect: false } };
  charts.push(new Chart(document.getElementById("scores-trend"), {
    data: {
      labels,
      datasets: [
        { type: "line", label: words.nps, data: nps, yAxisID: "nps", borderColor: accent, backgroundColor: accent, borderWidth: 2, pointRadius: 3, tension: 0.3, spanGaps: true },
        { type: "bar", label: words.mean, data: mean, yAxisID: "mean", backgroundColor: soft, borderRadius: 3, maxBarThickness: 28 },
      ],
    },
    options: {
      ...common,
      plugins: {
        legend: { align: "end", labels: { color: text, boxWidth: 10, boxHeight: 10 } },
        tooltip: { callbacks: { footer: ([{ dataIndex }]) => `${words.given}: ${answered[dataIndex]}` } },
      },
      scales: {
        x: bare,
        nps: { ...axis, position: "left", min: -100, max: 100, ticks: { ...axis.ticks, stepSize: 50 } },
        mean: { ...bare, position: "right", min: 0, max: 10, ticks: { ...axis.ticks, stepSize: 5 } },
      },
    },
  }));
  charts.push(new Chart(document.getElementById("scores-spread"), {
    type: "bar",
    data: {
      labels: spread.map((_, at) => at + 1),
      datasets: [{ label: words.given, data: spread, backgroundColor: spread.map((_, at) => (at + 1 <= critical ? bad : accent)), borderRadius: 3, maxBarThickness: 28 }],
    },
    options: { ...common, plugins: { legend: { display: false } }, scales: { x: bare, y: { ...axis, beginAtZero: true } } },
  }));
}

draw();
new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
