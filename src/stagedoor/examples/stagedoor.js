// Connects a web page to stagedoor. It needs nothing else: import it, or copy it where you like.

/** @typedef {{ name: string, author?: string, url?: string, icon?: string, scopes?: string[] }} App
 *  @typedef {"connecting" | "asking" | "in" | "refused" | "revoked"} Status
 *  @typedef {{ address?: string, secret?: string, onReady?(): void, onStatus?(_: Status, why: string): void }} Options
 *  @typedef {(key: string, value: string) => void} Hear */

/** Connects, and comes back when the connection is lost; after "refused" and "revoked" only when the page is reloaded.
 *  @param {App} app What the owner sees. @param {Options} options The secret is a password or an overlay key. */
export function connect(app, { address, secret, onReady = () => {}, onStatus = () => {} } = {}) {
  address ??= `${location.origin.replace("http", "ws")}/ws`; // https becomes wss
  const hash = new URLSearchParams(location.hash.slice(1)); // which no server gets to see
  secret ??= hash.get("key") ?? hash.get("password") ?? "";
  if (secret && !crypto.subtle) throw new Error("a password can be shown over https, or by a page of this computer");
  const memory = `stagedoor ${JSON.stringify([address, app.name, app.scopes])}`; // where the token is kept
  const [waiting, listeners] = [new Map(), []]; // for answers, by the request's id; for changes
  let socket, inside, enter, end, delayMs = 500, lastId = 0;

  const shut = () => (inside = new Promise((resolve) => (enter = resolve))); // requests wait for that
  const ask = (command, data, request_id = String(++lastId)) => new Promise((answer) => {
    waiting.set(request_id, answer);
    socket.send(JSON.stringify({ command, request_id, data }));
  });
  async function send(command, data) {
    await inside;
    const { error, details, data: result } = await ask(command, data);
    if (error) throw new Error(details || error, { cause: error });
    return result;
  }
  const door = {
    scopes: /** @type {string[] | null} what the page may touch; null for all but passwords and tokens */ (null),
    get: (/** @type {string} */ key) => send("kget", { key }),
    set: (/** @type {string} */ key, /** @type {string} */ value) => send("kset", { key, data: value }),
    call: (/** @type {string} */ key, value = "") => send("kcall", { key, data: value }),
    subscribe: (/** @type {string} */ prefix, /** @type {Hear} */ hear) => {
      listeners.push({ prefix, hear });
      return send("ksub-prefix", { prefix });
    },
  };

  async function logIn() {
    const token = secret ? null : localStorage.getItem(memory);
    if (!secret && !token) onStatus("asking", "");
    const first = secret ? { auth: "challenge" } : token ? { auth: "token", token } : { auth: "ask", ...app };
    let { error, details, data } = await ask("klogin", first);
    if (secret && !error) ({ error, details, data } = await ask("kauth", await prove(secret, data)));
    if (error && error !== "authentication not required") {
      if (token) localStorage.removeItem(memory); // so that it asks when it comes back
      else end = ["refused", details || error];
      return socket.close();
    }
    if (data?.token) localStorage.setItem(memory, data.token);
    [door.scopes, delayMs, enter] = [data?.scopes ?? null, 500, enter()];
    for (const { prefix } of listeners) ask("ksub-prefix", { prefix });
    onStatus("in", "");
    onReady();
  }
  function take({ data }) {
    const { key, new_value, ...answer } = JSON.parse(data);
    for (const { prefix, hear } of listeners) if (key?.startsWith(prefix)) hear(key, new_value);
    waiting.get(answer.request_id)?.(answer);
    waiting.delete(answer.request_id);
  }
  function leave({ code, reason }) {
    if (!enter) for (const answer of waiting.values()) answer({ error: "connection lost" });
    if (!enter) shut();
    waiting.clear();
    if (code === 4011) end = ["revoked", reason];
    if (code === 4011 && !secret) localStorage.removeItem(memory);
    if (end) onStatus(...end);
    else setTimeout(open, (delayMs = Math.min(2 * delayMs, 15_000)));
  }
  function open() {
    onStatus("connecting", "");
    socket = Object.assign(new WebSocket(address), { onopen: logIn, onmessage: take, onclose: leave });
  }
  shut();
  open();
  return door;
}

/** Proves that the password is known, without sending it. */
async function prove(password, { challenge, salt }) {
  const bytes = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const secret = new Uint8Array([...new TextEncoder().encode(password), ...bytes(salt)]);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const proof = await crypto.subtle.sign("HMAC", key, bytes(challenge));
  return { hash: btoa(String.fromCharCode(...new Uint8Array(proof))) };
}
