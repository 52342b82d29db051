// "How did we do?": ten buttons, and thanks.
import { h, icon } from "./dom.js";

/** A row for `arrange`, or none. `onScore(number, score)`. */
export function surveyRows({ texts, state, onScore }) {
  if (state.thanks) return [thanks(texts, state.thanks)];
  if (!state.survey) return [];
  const { number, text, busy, error, score } = state.survey;
  return [
    {
      key: `survey${number}`,
      sign: `${text}|${busy}|${error}|${score}`,
      draw: () => card(texts, state.survey, onScore),
      update(element) {
        for (const button of element.querySelectorAll("button")) {
          button.setAttribute("aria-disabled", String(Boolean(busy)));
          button.setAttribute("aria-pressed", String(Number(button.textContent) === score));
        }
        element.querySelector("[role=alert]").textContent = error ?? "";
      },
    },
  ];
}

function card(texts, { number, text }, onScore) {
  const explained = /\b1\b.*\b10\b/su.test(text); // the admin's own words say what the ends mean
  const buttons = Array.from({ length: 10 }, (_, index) => index + 1).map((score) =>
    h("button", { type: "button", "aria-label": texts.surveyOf(score), "aria-pressed": "false", onclick: () => onScore(number, score) }, String(score)),
  );
  return h("section", { class: "w-card", "aria-label": texts.surveyTitle },
    h("h2", {}, texts.surveyTitle), h("p", { class: "t-2" }, text || texts.surveyHint),
    h("div", { class: "fd-nps", role: "group", "aria-label": texts.surveyLabel }, buttons),
    explained ? null : h("div", { class: "fd-nps-ends", "aria-hidden": "true" }, h("span", {}, texts.surveyLow), h("span", {}, texts.surveyHigh)),
    h("p", { class: "w-error", role: "alert" }));
}

function thanks(texts, { number, score, text }) {
  return {
    key: `thanks${number}`,
    sign: `${score}|${text}`,
    draw: () => h("section", { class: "w-card w-thanks", role: "status", tabindex: "-1" }, icon("check"), h("div", {}, h("p", {}, text || texts.surveyThanks), h("p", { class: "t-3 t-12" }, texts.surveyGiven(score)))),
  };
}
