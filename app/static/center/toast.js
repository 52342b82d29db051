// Short sentences at the bottom of the page. The theme draws them; what failed stays until it is closed.

/** `{text, action?, onAction?, bad?}` */
export function say({ text, action, onAction, bad = false }) {
  const button = action ? { label: action, run: onAction } : bad ? { label: "Close", run: () => {} } : undefined;
  document.dispatchEvent(new CustomEvent("fd:toast", { detail: { text, kind: bad ? "danger" : "info", action: button } }));
}
