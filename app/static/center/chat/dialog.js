// Dialogs over the center: modal, closed by Escape, the focus goes back to where it was.
import { html } from "htm/preact";
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { pushLayer } from "../layers.js";

const open = signal(null); // (close) => what the dialog shows

/** `show(close)` draws the inside of the dialog, usually a `<Sheet>`. */
export const showDialog = (show) => (open.value = show);

export function DialogHost() {
  const show = open.value;
  return show && html`<${Holder} key=${show} show=${show} />`;
}

function Holder({ show }) {
  const element = useRef(null);
  const close = () => (open.value = null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    element.current.querySelector("[data-first], input, textarea, button")?.focus();
    const unlayer = pushLayer(close);
    return () => {
      unlayer();
      if (before?.isConnected) before.focus();
    };
  }, []);
  const aside = (event) => event.target === element.current && close();
  const cancel = (event) => {
    event.preventDefault();
    close();
  };
  // the page's keys are off while it is open
  const keys = (event) => {
    if (event.key !== "Escape") return event.stopPropagation();
    event.preventDefault();
    event.stopPropagation();
    return close();
  };
  return html`<dialog ref=${element} class="fd-over" aria-labelledby="fd-dialog-title" onCancel=${cancel} onPointerDown=${aside} onKeyDown=${keys}>${show(close)}</dialog>`;
}

export function Sheet({ title, wide = false, children, foot }) {
  return html`<div class=${wide ? "fd-dialog fd-dialog--wide" : "fd-dialog"}><h2 id="fd-dialog-title">${title}</h2>
    <div class="fd-dialog-body">${children}</div>${foot && html`<div class="fd-dialog-foot">${foot}</div>`}</div>`;
}

/** Asks before something that cannot be taken back. `act()` answers a promise; an error stays in the dialog. */
export function ask({ title, text, verb, danger = false, act }) {
  showDialog((close) => html`<${Question} title=${title} text=${text} verb=${verb} danger=${danger} act=${act} close=${close} />`);
}

function Question({ title, text, verb, danger, act, close }) {
  const [state, setState] = useState({ busy: false, error: null });
  const run = async () => {
    setState({ busy: true, error: null });
    try {
      await act();
      close();
    } catch (error) {
      setState({ busy: false, error: error.message });
    }
  };
  const foot = html`<button type="button" class="fd-btn" onClick=${close}>Cancel</button>
    <button type="button" data-first class=${`fd-btn ${danger ? "fd-btn--danger-fill" : "fd-btn--primary"}${state.busy ? " is-busy" : ""}`} disabled=${state.busy} onClick=${run}>${verb}</button>`;
  return html`<${Sheet} title=${title} foot=${foot}>${text && html`<p>${text}</p>`}${state.error && html`<p class="fd-error" role="alert">${state.error}</p>`}<//>`;
}
