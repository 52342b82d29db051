// Every word that the widget itself says, by language: one module each, of which a visitor loads the one that is needed.
// Another language is one more module with the same keys, and its line here.

const LANGUAGES = {
  cs: () => import("./languages/cs.js"),
  de: () => import("./languages/de.js"),
  en: () => import("./languages/en.js"),
  es: () => import("./languages/es.js"),
  fr: () => import("./languages/fr.js"),
  it: () => import("./languages/it.js"),
  nl: () => import("./languages/nl.js"),
  pl: () => import("./languages/pl.js"),
  pt: () => import("./languages/pt.js"),
  ru: () => import("./languages/ru.js"),
  tr: () => import("./languages/tr.js"),
  uk: () => import("./languages/uk.js"),
};

/** Resolves with the texts of "de-AT": of that language, else English. */
export async function textsIn(language) {
  const code = String(language ?? "").toLowerCase().split("-")[0];
  const load = Object.hasOwn(LANGUAGES, code) ? LANGUAGES[code] : LANGUAGES.en;
  return (await load()).default;
}
