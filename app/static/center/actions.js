// What a person does with items: shown at once, sent, and taken back with a sentence when the server refuses.

const PART = 500;

export function createActions({ store, api, loader, say }) {
  /** Runs one change. `done` is the sentence (and undo) on success. */
  async function run({ ids, fields, delta, send, done, failed }) {
    const token = store.change(ids, fields, delta);
    try {
      const answer = await send();
      store.keep(token);
      for (const item of answer.items ?? []) if (item?.changed_at) store.merge(item);
      if (answer.counters) store.setCounters(answer.counters);
      if (done) say(typeof done === "function" ? done(answer) : done);
      return true;
    } catch (error) {
      store.drop(token);
      say({ text: `${failed}: ${error.message}`, bad: true });
      return false;
    }
  }

  const read = (id) => {
    if (!store.item(id)?.unread) return Promise.resolve(true);
    return run({ ids: [id], fields: () => ({ unread: false }), send: () => api.read([id]), failed: "Not marked read" });
  };

  const unread = (ids) =>
    run({ ids, fields: () => ({ unread: true }), send: () => inParts(ids, api.unread), failed: "Not marked unread" });

  const toggleRead = (id) => (store.item(id)?.unread ? read(id) : unread([id]));

  async function readAll() {
    const { tab, sub } = store.view.peek();
    if (sub) return readListed();
    const counters = store.counters.peek();
    const mine = store.known().filter((item) => item.unread && (tab === "all" || item.tab === tab));
    const tabs = tab === "all" ? counters.tabs : { [tab]: counters.tabs[tab] ?? 0 };
    const total = tab === "all" ? counters.total : (counters.tabs[tab] ?? 0);
    const delta = { total: -total, tabs: Object.fromEntries(Object.entries(tabs).map(([key, n]) => [key, -n])) };
    const done = (answer) => {
      const named = (answer.items ?? []).map((item) => item.id ?? item);
      return readWords(named.length ? named : mine.map((item) => item.id));
    };
    const ids = mine.map((item) => item.id);
    const promise = run({ ids, fields: () => ({ unread: false }), delta, send: () => api.readAll(tab), done, failed: "Nothing was marked read" });
    store.settle();
    return promise;
  }

  /** Of a part of the clients only what it shows. */
  function readListed() {
    const ids = store.order.peek().filter((id) => store.item(id).unread);
    const promise = run({ ids, fields: () => ({ unread: false }), send: () => inParts(ids, api.read), done: readWords(ids), failed: "Nothing was marked read" });
    store.settle();
    return promise;
  }

  const readWords = (ids) => ({
    text: ids.length === 1 ? "1 item marked read" : `${ids.length} items marked read`,
    action: "Undo",
    onAction: async () => {
      await unread(ids);
      store.settle();
    },
  });

  const archive = (id) => {
    closeDetail(id);
    const { unread: before } = store.item(id);
    return run({
      ids: [id],
      fields: () => ({ archived: true, unread: false }),
      send: () => api.archive([id]),
      done: { text: "Archived", action: "Undo", onAction: () => bringBack(id, before) },
      failed: "Not archived",
    });
  };

  /** Out of the archive, as it was: marking unread takes it out, an item that was read is read again. */
  const bringBack = (id, wasUnread) =>
    run({
      ids: [id],
      fields: () => ({ archived: false, remind_at: null, unread: wasUnread }),
      send: async () => {
        const answer = await api.unread([id]);
        return wasUnread ? answer : api.read([id]);
      },
      failed: "Not brought back",
    });

  /** `at`: Date. The item leaves the feed until then. */
  const remind = (id, at, words) => {
    closeDetail(id);
    const { unread: before } = store.item(id);
    return run({
      ids: [id],
      fields: () => ({ remind_at: at.toISOString(), unread: false }),
      send: () => api.remind([id], at.toISOString()),
      done: { text: `You will be reminded ${words}`, action: "Undo", onAction: () => bringBack(id, before) },
      failed: "No reminder set",
    });
  };

  const complete = (id, result) => {
    const item = store.item(id);
    return run({
      ids: [id],
      fields: (one) => ({ unread: false, actions: without(one.actions, "complete", "postpone"), done: true }),
      send: () => api.completeTask(item.subject.id, result),
      done: { text: "Task completed" },
      failed: "Not completed",
    });
  };

  const answered = (one) => ({ unread: false, actions: without(one.actions, "accept", "decline", "not_mine") });

  const acceptLead = (id) => {
    const item = store.item(id);
    return run({
      ids: [id],
      fields: answered,
      send: () => api.acceptLead(item.subject.id),
      done: { text: "Accepted: the lead is yours" },
      failed: "Not accepted",
    });
  };

  const declineLead = (id, reason) => {
    const item = store.item(id);
    return run({
      ids: [id],
      fields: answered,
      send: () => api.declineLead(item.subject.id, reason),
      done: { text: "Lead declined", action: "Undo", onAction: () => reopenLead(id) },
      failed: "Not declined",
    });
  };

  const reopenLead = (id) => {
    const item = store.item(id);
    return run({
      ids: [id],
      fields: () => ({ actions: ["accept", "decline", "not_mine"] }),
      send: () => api.reopenLead(item.subject.id),
      failed: "Not taken back",
    });
  };

  /** `at`: Date, the task's new due time. */
  const postpone = (id, at, words) => {
    const item = store.item(id);
    return run({
      ids: [id],
      fields: () => ({ unread: false }),
      send: async () => {
        const [answer] = await Promise.all([api.postponeTask(item.subject.id, at.toISOString()), item.unread && api.read([id])]);
        return { counters: answer.counters };
      },
      done: { text: `Task postponed, due ${words}` },
      failed: "Not postponed",
    });
  };

  /** Lets in again whom an activity limit put out. */
  const reactivate = (id) =>
    run({
      ids: [id],
      fields: (one) => ({ unread: false, actions: without(one.actions, "reactivate"), done: true }),
      send: async () => {
        await api.reactivateUser(store.item(id).subject.id);
        return {};
      },
      done: { text: "Active again" },
      failed: "Not reactivated",
    });

  function closeDetail(id) {
    if (store.opened.peek() === id) store.opened.value = null;
  }

  async function setUnreadFirst(unreadFirst) {
    const before = store.view.peek().unreadFirst;
    loader.show({ unreadFirst });
    try {
      await api.setPreferences({ unread_first: unreadFirst });
    } catch (error) {
      loader.show({ unreadFirst: before });
      say({ text: `The order was not saved: ${error.message}`, bad: true });
    }
  }

  return { read, unread, toggleRead, readAll, archive, remind, complete, postpone, reactivate, acceptLead, declineLead, setUnreadFirst };
}

/** The server takes at most 500 items at once. Answers the last answer: its counters are the newest. */
async function inParts(ids, send) {
  let answer = {};
  for (let from = 0; from < ids.length; from += PART) answer = await send(ids.slice(from, from + PART));
  return answer;
}

const without = (list, ...names) => (list ?? []).filter((name) => !names.includes(name));
