// The shop's own colour, turned into a set that can be read in both themes: every text at least 4.5:1 on what it stands
// on, every control at least 3:1 beside its surroundings (WCAG 2.2, 1.4.3 and 1.4.11). Pure; tested over many colours.

const SURFACES = { light: [255, 255, 255], dark: [22, 23, 28] }; // --surface of theme/tokens.css
const TEXTS = { light: [26, 28, 36], dark: [236, 237, 242] }; // --text
const WHITE = [255, 255, 255];
const BLACK = [0, 0, 0];
const INK = [20, 21, 26];
const FALLBACK = [66, 80, 201];
const STEPS = 40;

/** "#4250c9" or "#45c" as three numbers 0–255; anything else is our own accent. */
export function parse(colour) {
  const short = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/iu.exec(colour ?? "");
  const long = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/iu.exec(colour ?? "");
  if (short) return short.slice(1).map((digit) => parseInt(digit + digit, 16));
  return long ? long.slice(1).map((pair) => parseInt(pair, 16)) : FALLBACK;
}

const written = (colour) => `#${colour.map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
const mix = (one, other, share) => one.map((part, index) => part * share + other[index] * (1 - share));

function luminance(colour) {
  const [red, green, blue] = colour.map((part) => {
    const value = Math.round(part) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** 1 … 21. */
export function contrast(one, other) {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

/** `colour` moved towards white or black, no further than needed to stand out from every one of `grounds`. */
function standing(colour, grounds, least, towards) {
  for (let step = 0; step <= STEPS; step += 1) {
    const tried = mix(towards, colour, step / STEPS).map(Math.round);
    if (grounds.every((ground) => contrast(tried, ground) >= least)) return tried;
  }
  return towards;
}

/** What is written on a filled colour: white where it can be read, else nearly black. */
const inkOn = (fill) => (contrast(WHITE, fill) >= 4.5 || contrast(WHITE, fill) >= contrast(INK, fill) ? WHITE : INK);

/** A fill that some ink can be read on; only a middling colour has to move. */
function readable(fill) {
  return contrast(inkOn(fill), fill) >= 4.5 ? fill : standing(fill, [inkOn(fill)], 4.5, inkOn(fill) === WHITE ? BLACK : WHITE);
}

/** The round button in the host page: `{fill, ink}`. */
export function buttonColours(colour) {
  const fill = readable(parse(colour));
  return { fill: written(fill), ink: written(inkOn(fill)) };
}

/** Custom properties that replace the tokens' accent inside the frame. */
export function palette(colour, theme) {
  const surface = SURFACES[theme];
  const away = theme === "dark" ? WHITE : BLACK;
  const accent = readable(standing(parse(colour), [surface], 3, away));
  const soft = mix(accent, surface, theme === "dark" ? 0.2 : 0.09).map(Math.round);
  const text = standing(accent, [surface, soft], 4.5, away);
  const bubble = standing(mix(accent, surface, theme === "dark" ? 0.3 : 0.13).map(Math.round), [TEXTS[theme]], 7, surface);
  return {
    "--accent": written(accent),
    "--accent-hover": written(readable(mix(accent, inkOn(accent) === WHITE ? BLACK : WHITE, 0.88).map(Math.round))),
    "--on-accent": written(inkOn(accent)),
    "--accent-text": written(text),
    "--accent-soft": written(soft),
    "--accent-line": written(mix(accent, surface, 0.4)),
    "--bubble-us": written(bubble),
    "--focus-color": written(text),
  };
}
