// Talking with the loader in the host page. Only with the window above, only with the origin that the frame was made for.

const MARK = "frontdesk-widget";
const HELLO_MS = 1_500;

/** `heard`: functions by the name of what the loader says. Answers {say, hello}; hello() resolves with {page, kept}. */
export function createHost({ window, origin, heard = {}, timers = globalThis }) {
  let greeted = () => {};
  const greeting = new Promise((resolve) => (greeted = resolve));

  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || event.origin !== origin || event.data?.mark !== MARK) return;
    const { type } = event.data;
    if (type === "hello") greeted(event.data);
    else if (Object.hasOwn(heard, type)) heard[type](event.data);
  });

  const say = (type, data = {}) => window.parent !== window && window.parent.postMessage({ mark: MARK, type, ...data }, origin);

  /** Tells the loader that we are here and waits for what it knows; without an answer the chat works just as well. */
  function hello(data) {
    say("ready", data);
    timers.setTimeout(() => greeted({}), HELLO_MS);
    return greeting.then(({ page, kept }) => ({ page: typeof page?.url === "string" ? page : null, kept: texts(kept) }));
  }

  return { say, hello };
}

const texts = (kept) => Object.fromEntries(Object.entries(kept ?? {}).filter(([, value]) => typeof value === "string"));
