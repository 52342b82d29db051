/** Timers that run when the test says so: run(ms) lets that much time pass. */
export function fakeTimers() {
  let now = 0;
  let number = 0;
  const due = new Map();
  return {
    setTimeout: (act, delay) => (due.set(++number, { act, at: now + delay }), number),
    clearTimeout: (id) => due.delete(id),
    async run(ms) {
      const until = now + ms;
      for (;;) {
        const next = [...due].filter(([, one]) => one.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
        if (!next) break;
        due.delete(next[0]);
        now = next[1].at;
        next[1].act();
        await new Promise(setImmediate);
      }
      now = until;
    },
  };
}
