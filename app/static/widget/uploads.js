// Files on their way up, beside the text they go with. Before the first message there is no chat that could take them:
// until then they wait here.
import { fileSize } from "../center/chat/text.js";

/** `upload(file, onPart)` → {done, cancel}; `ready()`: is there a chat? Entries: {key, name, state, part, error, again, stored}. */
export function createUploads({ boot, texts, upload, ready, onChange, onProblem }) {
  let entries = [];
  let keys = 0;

  function become(next) {
    entries = next;
    onChange();
  }

  const change = (key, part) => become(entries.map((one) => (one.key === key ? { ...one, ...part } : one)));
  const drop = (key) => become(entries.filter((one) => one.key !== key));

  function add(list) {
    const files = [...list];
    const free = boot.max_files - entries.length;
    onProblem(files.length > free ? texts.tooManyFiles(boot.max_files) : "");
    for (const file of files.slice(0, Math.max(0, free))) {
      const entry = { key: ++keys, file, name: file.name || "picture.png", state: "waiting", part: 0, error: null, again: false, cancel: null, stored: null };
      const error = file.size > boot.max_file_bytes ? texts.fileTooBig(fileSize(boot.max_file_bytes)) : file.size ? null : texts.fileEmpty;
      become([...entries, error ? { ...entry, state: "failed", error } : entry]);
      if (!error && ready()) start(entry.key);
    }
  }

  function start(key) {
    const { file } = entries.find((one) => one.key === key);
    const { done, cancel } = upload(file, (part) => change(key, { part }));
    change(key, { state: "going", error: null, cancel });
    done.then(
      (stored) => change(key, { state: "done", stored }),
      (error) => error.code !== "cancelled" && change(key, { state: "failed", error: error.message, again: error.status === 0 || error.code === "rate_limited" }),
    );
  }

  function remove(key) {
    const entry = entries.find((one) => one.key === key);
    drop(key);
    if (entry?.state === "going") entry.cancel();
  }

  /** There is a chat now. */
  function startWaiting() {
    for (const { key, state } of entries) if (state === "waiting") start(key);
  }

  /** The files that can go with a message, and takes them out. */
  function takeDone() {
    const done = entries.filter(({ state }) => state === "done").map(({ stored }) => stored);
    become(entries.filter(({ state }) => state !== "done"));
    return done;
  }

  return { entries: () => entries, add, again: start, remove, startWaiting, takeDone, busy: () => entries.some(({ state }) => state === "going" || state === "waiting") };
}
