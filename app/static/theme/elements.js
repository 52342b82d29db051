// Elements for the shell's small scripts. What people wrote is only ever set as text, so it cannot become markup.
const SVG = "http://www.w3.org/2000/svg";

/** `el("a", {class: "x", href: "…"}, "text", child)`. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

export function icon(name, className = "i i-16") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
}
