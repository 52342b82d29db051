// Where somebody stands in a thread: what is at hand is loaded, what is seen is read, and nothing moves under the eye.
import { signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const NEAR_PX = 700;
const BOTTOM_PX = 24;
const FLASH_MS = 2_400;

export function useStanding({ chatId, chats, history, ui, scroller, inner }) {
  const keep = useRef({ bottom: true, id: null, top: 0 });
  const placed = useRef(null);
  const [above, setAbove] = useState(false);
  const [flash] = useState(() => signal(null));
  const { messages, hasAfter, loaded } = history.state.value;
  const place = chats.place.value;
  const open = chats.openId.value === chatId; // a card's chat may be further down the page

  /** What is on the screen now decides what stays there. */
  const look = () => {
    const box = scroller.current;
    if (!box || !inner.current || placed.current?.chatId !== chatId) return; // not yet where it is to stand: nothing of this was looked at
    const { top, bottom } = box.getBoundingClientRect();
    const atBottom = box.scrollHeight - box.scrollTop - box.clientHeight < BOTTOM_PX && !history.state.peek().hasAfter;
    keep.current = { bottom: atBottom, ...firstVisible(inner.current, top) };
    chats.atBottom.value = atBottom;
    const divider = inner.current.querySelector("[data-divider]")?.getBoundingClientRect();
    const first = chats.dividers.peek().get(chatId);
    setAbove(Boolean(first) && (divider ? divider.bottom < top : first < (history.state.peek().messages[0]?.seq ?? 0)));
    if (ui.here() && chats.openId.peek() === chatId) {
      const seq = lastVisible(inner.current, bottom);
      if (seq) chats.saw(chatId, seq);
    }
    if (box.scrollTop < NEAR_PX) history.before();
    if (box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX) history.after();
  };

  /** After a change of what is drawn: at the end stay at the end, elsewhere the same message stays where it was. */
  const restore = () => {
    const box = scroller.current;
    if (!box) return;
    const { bottom, id, top } = keep.current;
    if (bottom && !history.state.peek().hasAfter) box.scrollTop = box.scrollHeight;
    else {
      const row = id && inner.current.querySelector(`[data-id="${id}"]`);
      if (row) box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - top;
    }
  };

  const go = ({ kind, seq }) => {
    const box = scroller.current;
    const row = kind === "unread" ? inner.current.querySelector("[data-divider]") : kind === "message" && nearest(inner.current, seq);
    if (!row) {
      keep.current = { bottom: true };
      box.scrollTop = box.scrollHeight;
      return;
    }
    const offset = kind === "unread" ? 60 : Math.max(40, (box.clientHeight - row.offsetHeight) / 2);
    box.scrollTop += row.getBoundingClientRect().top - box.getBoundingClientRect().top - offset;
    keep.current = { bottom: false, ...firstVisible(inner.current, box.getBoundingClientRect().top) };
    if (kind === "message") {
      flash.value = seq;
      setTimeout(() => flash.peek() === seq && (flash.value = null), FLASH_MS);
    }
  };

  useLayoutEffect(() => {
    if (!loaded) return;
    if (place?.chatId === chatId && placed.current !== place) {
      placed.current = place;
      go(place);
    } else restore();
  });
  useEffect(look, [messages, hasAfter, place, loaded, open]);
  useEffect(() => {
    const grown = new ResizeObserver(() => history.state.peek().loaded && restore()); // pictures arrive, the window turns
    grown.observe(inner.current);
    grown.observe(scroller.current);
    const back = () => look();
    window.addEventListener("focus", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      grown.disconnect();
      window.removeEventListener("focus", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [chatId]);

  const mine = chats.receipts.mine(chatId);
  const unseen = chats.atBottom.value ? 0 : messages.filter(({ seq, author }) => seq > mine && author.kind !== "system" && author.id !== chats.me.id).length + (hasAfter ? Math.max(0, history.lastSeq() - Math.max(mine, messages.at(-1)?.seq ?? 0)) : 0);
  const toDivider = () => {
    const seq = chats.dividers.peek().get(chatId);
    if (history.shows(seq)) chats.place.value = { chatId, kind: "unread", seq };
    else history.open(seq).then(() => (chats.place.value = { chatId, kind: "unread", seq }));
  };

  let frame = null;
  const scrolled = () => (frame ??= requestAnimationFrame(() => ((frame = null), look())));
  return { stand: { scrolled, toDivider, flash }, unseen, above };
}

function firstVisible(inner, top) {
  for (const row of inner.querySelectorAll("article[data-id]")) {
    const box = row.getBoundingClientRect();
    if (box.bottom > top + 1) return { id: row.dataset.id, top: box.top - top };
  }
  return { id: null, top: 0 };
}

/** The seq of the last message whose end is on the screen; of one taller than the screen, when its end was reached. */
function lastVisible(inner, bottom) {
  const rows = inner.querySelectorAll("[data-seq]");
  for (let index = rows.length - 1; index >= 0; index -= 1) {
    if (rows[index].getBoundingClientRect().bottom <= bottom + 8) return Number(rows[index].dataset.seq);
  }
  return null;
}

function nearest(inner, seq) {
  const rows = [...inner.querySelectorAll("[data-seq]")];
  return rows.find((row) => Number(row.dataset.seq) >= seq) ?? rows.at(-1);
}
