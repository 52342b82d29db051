// The dashboard's charts, in the theme's colours. What they say stands in the tables below them too.
import Chart from "chart.js/auto";

const TONES = { first: "--chart-1", second: "--stage-5", bad: "--danger", before: "--chart-2" };
const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
const drawn = new Map();
let shown = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function dataset(series, kind, points) {
  const tone = colour(TONES[series.tone]);
  const line = {
    borderColor: tone,
    backgroundColor: tone,
    borderWidth: 2,
    pointRadius: points > 45 ? 0 : 2,
    tension: 0.25,
    spanGaps: true,
  };
  const bar = { backgroundColor: tone, borderRadius: 2, maxBarThickness: 22, categoryPercentage: 0.75 };
  return { label: series.label, data: series.values, ...(kind === "line" ? line : bar) };
}

function options(chart) {
  const words = colour("--text-3");
  const font = { size: 11, family: getComputedStyle(document.body).fontFamily };
  return {
    maintainAspectRatio: false,
    animation: still || drawn.has(chart.section) ? false : { duration: 200 },
    interaction: { mode: "index", intersect: false },
    scales: {
      x: { grid: { display: false }, border: { color: colour("--border") }, ticks: { color: words, font, maxRotation: 0, autoSkipPadding: 12 } },
      y: {
        beginAtZero: true,
        border: { display: false },
        grid: { color: colour("--chart-grid") },
        ticks: { color: words, font, maxTicksLimit: 5, precision: chart.unit || chart.kind === "line" ? undefined : 0 },
        title: { display: Boolean(chart.unit), text: chart.unit, color: words, font },
      },
    },
    plugins: {
      legend: { display: chart.series.length > 1, align: "start", labels: { color: colour("--text-2"), font: { ...font, size: 12 }, boxWidth: 10, boxHeight: 10, padding: 12 } },
      tooltip: {
        callbacks: {
          title: ([item]) => chart.days[item.dataIndex],
          label: (item) => ` ${item.dataset.label}: ${chart.series[item.datasetIndex].texts[item.dataIndex]}`,
        },
      },
    },
  };
}

/** Draw these charts, each in the canvas of its section; the ones before give way. */
export function draw(charts) {
  shown = charts;
  for (const chart of charts) {
    const canvas = document.querySelector(`canvas[data-chart="${chart.section}"]`);
    if (!canvas) continue;
    const made = {
      type: chart.kind,
      data: { labels: chart.labels, datasets: chart.series.map((one) => dataset(one, chart.kind, chart.labels.length)) },
      options: options(chart),
    };
    drawn.get(chart.section)?.destroy();
    drawn.set(chart.section, new Chart(canvas, made));
  }
}

/** Draw again what is shown: the theme has changed. */
export const redraw = () => draw(shown);
