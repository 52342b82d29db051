// Where the visitor's token, draft and unsent messages stay between two pages: in the frame's own storage. A browser may
// refuse that to a frame of another site; then the host page keeps them for us.

/** `kept`: what the host page has kept, by name. `tell(name, value)`: it keeps that from now on; null: no more. */
export function createKeep({ key, storage, tell = () => {}, kept = {} }) {
  const own = working(storage) ? storage : elsewhere(kept, tell);
  const name = `frontdesk-visitor:${key}`;

  return {
    storage: own,
    token: () => own.getItem(name),
    setToken: (token) => token && token !== own.getItem(name) && own.setItem(name, token),
    /** The server does not know it any more. */
    drop: () => own.removeItem(name),
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

function elsewhere(kept, tell) {
  const values = new Map(Object.entries(kept));
  return {
    getItem: (name) => values.get(name) ?? null,
    setItem(name, value) {
      values.set(name, String(value));
      tell(name, String(value));
    },
    removeItem: (name) => values.delete(name) && tell(name, null),
  };
}
