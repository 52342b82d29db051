// What sending and sending again need, here and in the widget: a message's own id makes the second time harmless.

const AGAIN_MS = [1_000, 3_000, 10_000, 30_000];
const WAITS = new Set(["network", "timeout", "rate_limited", "busy", "unavailable"]);

/** Whether nothing is wrong with the message itself. */
export const worthAgain = ({ code, status }) => WAITS.has(code) || status >= 500;

/** How long to wait after so many tries that failed. */
export const waitMs = ({ retryAfter }, tries) => (retryAfter ? retryAfter * 1000 : AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]);

/** A random UUID (RFC 9562, version 4); crypto.randomUUID() is missing where Frontdesk itself runs without HTTPS. */
export function newId(crypto = globalThis.crypto) {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
