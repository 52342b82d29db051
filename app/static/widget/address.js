// Nobody is there, or nobody answers: the visitor may leave an address, and the answer comes by mail as well.
import { h, icon } from "./dom.js";

const ADDRESS = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/u;

/** `save({name, email})` answers a promise; `onLater()`: the visitor does not want to. The form is made once, typed text stays. */
export function createAddress({ texts, save, onLater }) {
  let form = null;

  function draw(state) {
    const name = h("input", { id: "contact-name", name: "name", autocomplete: "name", maxlength: "100", value: state.visitor.name ?? "" });
    const email = h("input", { id: "contact-email", name: "email", type: "email", inputmode: "email", autocomplete: "email", maxlength: "254", required: true, "aria-describedby": "contact-error" });
    const error = h("p", { class: "w-error", role: "alert", id: "contact-error" });
    const button = h("button", { class: "w-btn w-btn--primary" }, texts.contactSave);
    const why = h("p", { class: "t-2" });

    async function submit(event) {
      event.preventDefault();
      const wrong = !ADDRESS.test(email.value.trim());
      email.setAttribute("aria-invalid", String(wrong));
      error.textContent = wrong ? texts.emailNeeded : "";
      if (wrong) return email.focus();
      button.disabled = true;
      try {
        await save({ email: email.value.trim(), ...(name.value.trim() ? { name: name.value.trim() } : {}) });
      } catch (refused) {
        error.textContent = refused.message;
        const field = refused.field === "name" ? name : email;
        if (refused.field) field.setAttribute("aria-invalid", "true");
        field.focus();
      } finally {
        button.disabled = false;
      }
      return undefined;
    }

    return h("form", { class: "w-card w-address", novalidate: true, onsubmit: submit, "aria-labelledby": "contact-title" },
      h("h2", { id: "contact-title" }, texts.contactTitle), why,
      h("label", { for: "contact-email" }, texts.contactEmail), email, error,
      h("label", { for: "contact-name" }, texts.contactName, h("span", { class: "t-3" }, ` (${texts.contactOptional})`)), name,
      h("div", { class: "w-actions" }, button, h("button", { type: "button", class: "w-btn", onclick: onLater }, texts.contactLater)));
  }

  const reason = ({ online, offlineText }) => (online ? texts.contactSlow : `${offlineText || texts.contactAwayText} ${texts.contactAway}`);

  /** Rows for `arrange`. */
  return function addressRows(state, wanted) {
    if (state.saved && state.visitor.email) {
      const words = texts.contactSaved(state.visitor.email);
      return [{ key: "saved", sign: words, draw: () => h("div", { class: "w-away", role: "status" }, icon("mail"), h("p", {}, words)) }];
    }
    if (!wanted) return [];
    return [{ key: "address", sign: `${state.online}|${state.offlineText}`, draw: () => (form ??= draw(state)), update: (element) => (element.querySelector("p").textContent = reason(state)) }];
  };
}
