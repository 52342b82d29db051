// On a phone the panel covers the page: the system's back button then closes what is on top, as it would leave a page.
const PHONE = "(max-width: 640px)";

/** `onBack(close)` answers a function that takes it back: for what was closed in another way. */
export function createBack({ history, listen, covers }) {
  const open = []; // the topmost last
  let owed = 0; // entries of ours that nothing stands for any more
  let expected = 0; // steps back that we take ourselves

  listen(() => {
    if (expected) expected -= 1;
    else open.pop()?.();
  });

  return function onBack(close) {
    if (!covers()) return () => {};
    const entry = () => close();
    open.push(entry);
    history.pushState(history.state, "");
    return () => {
      const at = open.indexOf(entry);
      if (at < 0) return; // closed by going back
      open.splice(at, 1);
      owed += 1;
      if (owed > 1) return; // closed in one go: one step over all
      queueMicrotask(() => {
        expected += 1;
        history.go(-owed);
        owed = 0;
      });
    };
  };
}

const covers = () => matchMedia(PHONE).matches;
let shared = null;
export function onBack(close) {
  shared ??= createBack({ history: globalThis.history, listen: (heard) => addEventListener("popstate", heard), covers });
  return shared(close);
}

/** A link that leads away takes the panel's place, so that back from there is the page that the panel lay over. */
export function leave(event) {
  const link = event.target.closest("a[href]");
  if (!link || link.target || link.download || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || !covers()) return;
  event.preventDefault();
  location.replace(link.href);
}
