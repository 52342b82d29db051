// Where the visitor's token and unsent messages stay between two pages. In the frame's own storage; a browser may refuse
// that to a frame of another site: then the host page's tab keeps the token for us, and this page the rest.

/** `tell(value)`: the loader keeps the token. `kept`: what it had kept of an earlier page. */
export function createKeep({ key, storage, tell = () => {}, kept = null }) {
  const own = working(storage) ? storage : memory();
  const blocked = own !== storage;
  const name = `frontdesk-visitor:${key}`;
  let fromHost = kept;

  return {
    blocked,
    storage: own,
    token: () => own.getItem(name) ?? fromHost,
    setToken(token) {
      if (!token || token === own.getItem(name)) return;
      own.setItem(name, token);
      if (blocked) tell(token);
    },
    /** The server does not know it any more. */
    drop() {
      fromHost = null;
      own.removeItem(name);
      if (blocked) tell("");
    },
  };
}

/** The window's storage, or null where asking for it alone is an error. */
export function storageOf(window) {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

function working(storage) {
  try {
    storage.setItem("frontdesk-test", "1");
    storage.removeItem("frontdesk-test");
    return true;
  } catch {
    return false;
  }
}

function memory() {
  const values = new Map();
  return {
    get length() {
      return values.size;
    },
    key: (index) => [...values.keys()][index] ?? null,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => values.set(name, String(value)),
    removeItem: (name) => values.delete(name),
  };
}
