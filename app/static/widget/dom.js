// Elements without a library. What people wrote is only ever set as text, so it cannot become markup.

const SVG = "http://www.w3.org/2000/svg";

/** `h("p", {class: "x", onclick: act, "aria-label": "…"}, "text", child, null)`; false, null and undefined are left out. */
export function h(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name, className = "i") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "use"));
  svg.firstChild.setAttribute("href", `#i-${name}`);
  return svg;
}

export const iconButton = (name, label, onclick, className = "fd-icon-btn") =>
  h("button", { type: "button", class: className, "aria-label": label, title: label, onclick }, icon(name));

/** Sets the text only when it differs, so that a screen reader is not told again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Brings the children of `parent` into the order of `rows`: `{key, sign, draw()}`. A row is drawn anew only when its
 * sign has changed; with `update(element)` it is changed in its place.
 */
export function arrange(parent, rows) {
  const before = new Map([...parent.children].map((child) => [child.fdKey, child]));
  const elements = rows.map((row) => {
    let element = before.get(row.key);
    if (!element || (element.fdSign !== row.sign && !row.update)) element = Object.assign(row.draw(), { fdKey: row.key });
    if (element.fdSign !== row.sign) row.update?.(element);
    element.fdSign = row.sign;
    return element;
  });
  const wanted = new Set(elements);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  elements.forEach((element, index) => {
    if (parent.children[index] !== element) parent.insertBefore(element, parent.children[index] ?? null);
  });
}
