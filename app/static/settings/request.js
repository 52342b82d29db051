// Calls of the settings page to our REST interface. A refusal becomes an Error with a sentence for people.
const TIMEOUT_MS = 30_000;

export async function request(method, path, body) {
  const csrf = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
  let response;
  try {
    response = await fetch(`/api/v1/me${path}`, {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrf },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    throw new Error(error.name === "TimeoutError" ? "The server did not answer in time." : "No connection to the server.");
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.error?.message ?? `The server answered with ${response.status}.`);
  return answer;
}
