// What the settings page knows, and saving: shown at once, told, and undone on request. Knows no DOM.
import { signal } from "@preact/signals";

export function createStore({ settings, request, say, tabs }) {
  const state = signal(settings);
  let confirmed = settings.preferences;
  let waiting = 0;
  let last = Promise.resolve();
  const set = (part) => (state.value = { ...state.peek(), ...part });

  /** The part of the preferences as it is now, to put back later. */
  function before(part) {
    const now = state.peek().preferences;
    const kept = {};
    for (const [name, value] of Object.entries(part)) {
      if (name !== "matrix") kept[name] = now[name];
      else kept.matrix = mapCells(value, (row, channel) => now.matrix[row][channel]);
    }
    return kept;
  }

  function shown(part) {
    const now = state.peek().preferences;
    const matrix = { ...now.matrix };
    for (const [row, cells] of Object.entries(part.matrix ?? {})) matrix[row] = { ...matrix[row], ...cells };
    set({ preferences: { ...now, ...part, matrix } });
  }

  // One after the other: two changes of the same cell must arrive as they were made.
  async function save(part, words = "Saved", { undo = true } = {}) {
    const old = before(part);
    shown(part);
    waiting += 1;
    const sent = last.then(() => request("PUT", "/preferences", part));
    last = sent.catch(() => {});
    try {
      confirmed = await sent;
      tabs?.saved();
      say({ text: words, action: undo ? "Undo" : undefined, onAction: () => save(old, "As it was before", { undo: false }) });
      return true;
    } catch (error) {
      say({ text: `Not saved: ${error.message}`, bad: true });
      return false;
    } finally {
      waiting -= 1;
      // While more is on its way, an answer would take back on the screen what was chosen since.
      if (!waiting) set({ preferences: confirmed });
    }
  }

  async function refresh() {
    const fresh = await request("GET", "/notification-settings").catch(() => null);
    if (fresh && !waiting) {
      confirmed = fresh.preferences;
      state.value = fresh;
    }
    return fresh;
  }

  tabs?.onSaved(refresh);
  return { state, save, refresh, set };
}

function mapCells(matrix, value) {
  const mapped = {};
  for (const [row, cells] of Object.entries(matrix)) {
    mapped[row] = Object.fromEntries(Object.keys(cells).map((channel) => [channel, value(row, channel)]));
  }
  return mapped;
}
