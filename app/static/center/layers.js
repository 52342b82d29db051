// What lies over the page, topmost last, so that Esc closes only the topmost.

const stack = [];

/** Register an open layer; answers the function that takes it off again. */
export function pushLayer(close) {
  stack.push(close);
  return () => {
    const index = stack.lastIndexOf(close);
    if (index >= 0) stack.splice(index, 1);
  };
}

/** Close the topmost layer; false when there is none. */
export function closeTopLayer() {
  const close = stack.at(-1);
  if (!close) return false;
  close();
  return true;
}
