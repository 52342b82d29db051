// The REST twins of the socket's events, for networks that refuse WebSockets; and files, which always go this way.
// No cookie takes part: the visitor's token says who is asking.

const TIMEOUT_MS = 15_000;

/** What the server refused, in words for the visitor. `code` is its own, or "network" / "timeout". */
export class Refusal extends Error {
  constructor({ code, message, field = null, retry_after_seconds: retryAfter = null }, status = 0) {
    super(message);
    Object.assign(this, { code, field, status, retryAfter });
  }
}

export function createRest({ boot, keep, texts, fetch = globalThis.fetch?.bind(globalThis), Request = globalThis.XMLHttpRequest }) {
  const headers = () => {
    const token = keep.token();
    return { "X-Widget-Key": boot.key, Accept: "application/json", ...(token ? { "X-Visitor-Token": token } : {}) };
  };

  function refusal(answer, status) {
    const error = answer?.error;
    return new Refusal(error?.code ? error : { code: `http_${status}`, message: texts.wrong }, status);
  }

  async function call(method, path, body) {
    let response;
    try {
      response = await fetch(boot.api + path, {
        method,
        headers: body === undefined ? headers() : { ...headers(), "Content-Type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "omit",
        signal: AbortSignal.timeout?.(TIMEOUT_MS),
      });
    } catch (error) {
      const late = error.name === "TimeoutError";
      throw new Refusal({ code: late ? "timeout" : "network", message: late ? texts.late : texts.noConnection });
    }
    const answer = await response.json().catch(() => null);
    if (!response.ok) throw refusal(answer, response.status);
    return answer ?? {};
  }

  const query = (given) => {
    const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== null);
    return set.length ? `?${new URLSearchParams(set)}` : "";
  };

  const twins = {
    "visitor.hello": (data) => call("POST", "/hello", data),
    "message.send": (data) => call("POST", "/messages", data),
    messages: (data) => call("GET", `/messages${query(data)}`),
    typing: (data) => call("POST", "/typing", data),
    read: (data) => call("POST", "/read", data),
    contact: (data) => call("POST", "/contact", data),
    "survey.answer": (data) => call("POST", "/survey", data),
  };

  /** `onPart(0…1)`. Answers {done: Promise<File>, cancel}. */
  function upload(file, onPart) {
    const request = new Request();
    const done = new Promise((resolve, reject) => {
      request.open("POST", `${boot.api}/files`);
      for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
      request.responseType = "json";
      request.upload.onprogress = ({ loaded, total }) => onPart(total ? loaded / total : 0);
      request.onload = () => (request.status < 300 ? resolve(request.response.result) : reject(refusal(request.response, request.status)));
      request.onerror = () => reject(new Refusal({ code: "network", message: texts.noConnection }));
      request.onabort = () => reject(new Refusal({ code: "cancelled", message: "" }));
      const form = new FormData();
      form.append("file", file, file.name || "picture.png");
      request.send(form);
    });
    return { done, cancel: () => request.abort() };
  }

  return { request: (event, data = {}) => twins[event](data), upload };
}
