// What chats ask of the server. What is quick goes through the socket where it lives, and else by its REST twin:
// both answer the same, and the client_id makes a message that went both ways one message.
import { ApiError } from "../api.js";

const PEOPLE = 50;

export function createCalls({ api, connection }) {
  const rest = api.request;
  const socket = (event, data, twin) => (connection().live() ? connection().request(event, data) : twin());

  const query = (params) => {
    const given = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "");
    return given.length ? `?${new URLSearchParams(given)}` : "";
  };

  return {
    request: rest,
    chats: (q) => rest("GET", `/chats/${query({ q })}`),
    chat: async (id) => (await rest("GET", `/chats/${id}`)).result,
    create: async (body) => (await rest("POST", "/chats/", body)).result,
    change: async (id, part) => (await rest("PUT", `/chats/${id}`, part)).result,
    mine: async (id, part) => (await rest("PUT", `/chats/${id}/mine`, part)).result,
    addMembers: async (id, userIds) => (await rest("POST", `/chats/${id}/members`, { user_ids: userIds })).result,
    setRole: (id, userId, role) => rest("PUT", `/chats/${id}/members/${userId}`, { role }),
    removeMember: (id, userId) => rest("DELETE", `/chats/${id}/members/${userId}`),
    leave: (id) => rest("POST", `/chats/${id}/leave`, {}),
    removePicture: (id) => rest("DELETE", `/chats/${id}/picture`),
    messages: (id, params) => rest("GET", `/chats/${id}/messages${query(params)}`),
    reads: async (id, seq) => (await rest("GET", `/chats/${id}/reads${query({ seq })}`)).readers,
    files: (id, params) => rest("GET", `/chats/${id}/files${query(params)}`),
    trace: async (id, messageId) => (await rest("GET", `/chats/${id}/messages/${messageId}/trace`)).edits,
    mentionable: (id, q) => rest("GET", `/chats/mentionable${query({ chat_id: id, q })}`),
    search: (q, chatId) => rest("GET", `/search${query({ q, chat_id: chatId })}`),
    people: async (q) => (await rest("GET", `/search${query({ q })}`)).people.slice(0, PEOPLE),

    send(entry) {
      const body = {
        client_id: entry.client_id, body: entry.body, reply_to: entry.reply_to?.id ?? undefined,
        file_ids: entry.files.length ? entry.files.map(({ id }) => id) : undefined, confirm_all: entry.confirm_all || undefined, note: entry.note || undefined,
      };
      return socket("message.send", { chat_id: entry.chat_id, ...body }, () => rest("POST", `/chats/${entry.chat_id}/messages`, body));
    },
    edit: (id, body) => socket("message.edit", { id, body }, () => rest("PUT", `/chats/messages/${id}`, { body })),
    remove: (id) => socket("message.delete", { id }, () => rest("DELETE", `/chats/messages/${id}`)),
    sendAgain: (id) => rest("POST", `/chats/messages/${id}/send-again`),
    react: (id, emoji, on) => socket("message.react", { id, emoji, on }, () => rest("POST", `/chats/messages/${id}/reactions`, { emoji, on })),
    read: (id, seq) => socket("chat.read", { chat_id: id, seq }, () => rest("POST", `/chats/${id}/read`, { seq })),

    // only worth something live: nobody hears them later
    typing: (id, note) => connection().tell("chat.typing", { chat_id: id, note: note || undefined }),
    focus: (id, visible) => connection().tell("chat.focus", { chat_id: id, visible }),
    watchClients: (on) => connection().tell("clients.watch", { on }),
    active: () => connection().tell("presence.active", {}),
    watch: (ids) => (connection().live() ? connection().request("presence.watch", { user_ids: ids }) : Promise.reject(new ApiError({ code: "network", message: "Not live" }))),

    /** Uploads with progress (0 to 1). Answers {done: Promise<file>, cancel}. */
    upload: (path, file, onProgress) => upload(api.base + path, api.csrf, file, onProgress),
  };
}

function upload(url, csrf, file, onProgress) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", csrf);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () => {
      if (request.status < 300) return resolve(request.response?.result ?? request.response);
      const error = request.response?.error ?? {};
      return reject(new ApiError({ code: error.code ?? `http_${request.status}`, message: error.message ?? `The server answered with ${request.status}.`, field: error.field, status: request.status }));
    });
    request.addEventListener("error", () => reject(new ApiError({ code: "network", message: "No connection to the server." })));
    request.addEventListener("abort", () => reject(new ApiError({ code: "cancelled", message: "Cancelled" })));
    const form = new FormData();
    form.append("file", file, file.name || "picture.png");
    request.send(form);
  });
  return { done, cancel: () => request.abort() };
}
