// One icon of the page's sprite. Decorative: the control that holds it carries the words.
import { html } from "htm/preact";

export function Icon({ name, size = "" }) {
  return html`<svg class=${size ? `i i-${size}` : "i"} aria-hidden="true"><use href=${`#i-${name}`} /></svg>`;
}

/** A square avatar: things are squares, people are circles. */
export function ThingAvatar({ name }) {
  return html`<span class="fd-av fd-av--36 fd-av--sq" data-c="8" aria-hidden="true"><${Icon} name=${name || "bell"} /></span>`;
}
