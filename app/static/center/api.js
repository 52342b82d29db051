// Calls to our own REST interface with the browser's session. Every refusal becomes an ApiError that a person can read.

const TIMEOUT_MS = 15_000;

export class ApiError extends Error {
  /** `code` as the server named it, or "network" / "timeout"; `field` names the wrong input, if one does. */
  constructor({ code, message, field = null, status = 0 }) {
    super(message);
    this.code = code;
    this.field = field;
    this.status = status;
  }
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

export function createApi({ csrf, base = "/api/v1", timeoutMs = TIMEOUT_MS, onSessionEnd = () => {}, fetch = globalThis.fetch.bind(globalThis) }) {
  async function request(method, path, body, root = base) {
    const headers = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRFToken"] = csrf;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    let response, text;
    try {
      response = await fetch(root + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
        keepalive: method !== "GET", // "read" must arrive although the page is left at once
        signal: AbortSignal.timeout(timeoutMs),
      });
      text = await response.text(); // may break off, too: half an answer is none
    } catch (error) {
      const late = error.name === "TimeoutError";
      throw new ApiError({
        code: late ? "timeout" : "network",
        message: late ? "The server did not answer in time." : "No connection to the server.",
      });
    }
    const answer = parsed(text);
    if (response.ok) return answer ?? {};
    if (response.status === 401) onSessionEnd(answer?.error?.code ?? "session_ended", answer?.error?.message);
    const error = new ApiError({
      code: answer?.error?.code ?? `http_${response.status}`,
      message: answer?.error?.message ?? `The server answered with ${response.status}.`,
      field: answer?.error?.field ?? null,
      status: response.status,
    });
    error.retryAfter = answer?.error?.retry_after_seconds;
    throw error;
  }

  const query = (params) => {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
    return given.length ? `?${new URLSearchParams(given)}` : "";
  };

  return {
    request, base, csrf,
    feed: ({ tab, unreadFirst, q, cursor, limit }) =>
      request("GET", `/center/feed${query({ filter: tab, unread_first: unreadFirst, q, cursor, limit })}`),
    sync: (cursor) => request("GET", `/center/sync${query({ cursor })}`),
    trace: (id) => request("GET", `/center/items/${encodeURIComponent(id)}/trace`),
    read: (items) => request("POST", "/center/read", { items }),
    readAll: (tab) => request("POST", "/center/read", tab === "all" ? { all: true } : { all: true, filter: tab }),
    unread: (items) => request("POST", "/center/unread", { items }),
    archive: (items) => request("POST", "/center/archive", { items }),
    remind: (items, at) => request("POST", "/center/remind", { items, at }),
    completeTask: (id, result) => request("POST", `/tasks/${id}/complete`, result ? { result } : {}),
    acceptLead: (id) => request("POST", `/leads/${id}/accept`),
    declineLead: (id, reason) => request("POST", `/leads/${id}/decline`, { reason }),
    reopenLead: (id) => request("POST", `/leads/${id}/reopen`),
    postponeTask: (id, dueAt) => request("PUT", `/tasks/${id}`, { due_at: dueAt }),
    reactivateUser: (id) => request("POST", `/users/${id}/reactivate`, {}),
    shown: (items) => request("POST", "/me/shown", { items }),
    setPreferences: (part) => request("PUT", "/me/preferences", part),
  };
}
