// The trend of client scores. The table above it says the same in numbers.

import Chart from "chart.js/auto";

const canvas = document.getElementById("scores-trend");
const { labels, nps, mean } = JSON.parse(document.getElementById("scores-data").textContent);
const colour = (name, otherwise) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || otherwise;

new Chart(canvas, {
  data: {
    labels,
    datasets: [
      { type: "line", label: "NPS", data: nps, yAxisID: "nps", borderColor: colour("--accent", "#4250c9"), tension: 0.25 },
      { type: "bar", label: "Mean", data: mean, yAxisID: "mean", backgroundColor: "rgba(128, 128, 128, .3)" },
    ],
  },
  options: {
    maintainAspectRatio: false,
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    scales: {
      nps: { position: "left", min: -100, max: 100, title: { display: true, text: "NPS" } },
      mean: { position: "right", min: 1, max: 10, grid: { drawOnChartArea: false }, title: { display: true, text: "Mean" } },
    },
  },
});
