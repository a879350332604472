// What the sample overlays share: the options in their address, and the connection, without any library.
"use strict";

/** The options, behind the # of the address: what stands there is never sent to a server. */
const options = new URLSearchParams(location.hash.slice(1));
addEventListener("hashchange", () => location.reload());

/** Reads an option that is a number; the usual one, when there is none or it is out of bounds. */
function numberOption(name, usual, least, most) {
  const text = options.get(name)?.trim();
  const number = Number(text);
  return text && number >= least && number <= most ? number : usual;
}

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;
const REFUSED = 1008; // the close code for whoever may not do what they tried
const REVOKED = 4011; // and for whoever shall not come back

/**
 * Connects, and connects again for ever.
 *
 * `events` says what to hear: { Twitch: ["ChatMessage"] }. `onEvent` gets each event's name, such as
 * "Twitch.ChatMessage", and its data. `onReady` is called at each connection, with a function that asks the server
 * something: ask("GetGlobal", { variable: "deaths" }) promises the answer.
 */
function connect({ events, onEvent, onReady = () => undefined }) {
  const isOnThisMachine = ["", "localhost", "127.0.0.1", "[::1]"].includes(location.hostname);
  const address = options.get("address") || (isOnThisMachine ? "127.0.0.1" : location.hostname);
  const port = numberOption("port", 8080, 1, 65535);
  const endpoint = options.get("endpoint") || "/";
  const scheme = location.protocol === "https:" ? "wss" : "ws"; // the door speaks both on the same port
  const key = options.get("key") || "";
  const password = key || options.get("password") || "";
  let delayMs = FIRST_DELAY_MS;
  showStatus("Connecting…"); // until it hears what it has to show
  open();

  function open() {
    const waiting = new Map(); // who waits for an answer, by the question's id
    let nextId = 1;
    let isRefused = false;
    let socket;
    try {
      socket = new WebSocket(`${scheme}://${address}:${port}${endpoint}`);
    } catch {
      showStatus(`“${address}” is no address.`);
      return;
    }

    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.request === "Hello") void greet(message.authentication);
      else if (message.event) onEvent(`${message.event.source}.${message.event.type}`, message.data);
      else waiting.get(message.id)?.(message);
    };

    socket.onclose = ({ code }) => {
      if (code === REVOKED) {
        showStatus(`Its access was revoked.${key ? " The console makes other overlay keys." : ""}`);
        return;
      }
      if (isRefused || code === REFUSED) {
        showStatus(whyRefused());
        delayMs = LONGEST_DELAY_MS;
      } else {
        showStatus(`Waiting for stagedoor on ${address}:${port}…`);
      }
      setTimeout(open, delayMs);
      delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS);
    };

    function ask(request, members) {
      const id = String(nextId++);
      socket.send(JSON.stringify({ request, id, ...members }));
      return new Promise((resolve) => waiting.set(id, resolve));
    }

    /** Answers the server's greeting; a challenge comes with it when there is a password to show. */
    async function greet(challenge) {
      if (challenge && password) {
        if (!window.crypto?.subtle) {
          const secret = key ? "overlay key" : "password";
          showStatus(`The ${secret} can only be shown over https, or by a page of the machine that stagedoor runs on.`);
          return;
        }
        const proof = await prove(password, challenge);
        const answer = await ask("Authenticate", { authentication: proof });
        if (answer.status !== "ok") {
          isRefused = true;
          socket.close();
          return;
        }
      }
      const answer = await ask("Subscribe", { events });
      if (answer.status !== "ok") return;
      delayMs = FIRST_DELAY_MS;
      const unheard = key ? namesOf(events).filter((name) => !namesOf(answer.events).includes(name)) : [];
      showStatus(unheard.length > 0 ? `The overlay key does not let it hear ${list(unheard)}.` : "");
      onReady(ask);
    }
  }

  function whyRefused() {
    if (key) return "The overlay key is wrong, or it was revoked or has expired.";
    if (password) return "The password is wrong.";
    return "It needs the password or an overlay key: add #key=… to the address.";
  }
}

/** The names of events that are given by their sources: ["Twitch.ChatMessage"]. */
function namesOf(events) {
  return Object.entries(events ?? {}).flatMap(([source, types]) => types.map((type) => `${source}.${type}`));
}

/** The first few of some names. */
function list(names, most = 3) {
  const more = names.length - most;
  return more > 0 ? `${names.slice(0, most).join(", ")} and ${more} more` : names.join(", ");
}

/** Proves that we know the password, without sending it. */
async function prove(password, { salt, challenge }) {
  return sha256((await sha256(password + salt)) + challenge);
}

async function sha256(text) {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}

/** Says what is wrong, to whoever looks at the overlay in a browser; in OBS nobody shall see it. */
function showStatus(text) {
  const line = document.getElementById("status");
  line.textContent = text;
  line.hidden = text === "" || "obsstudio" in window;
}

/** Makes an element with text in it. As text, never as HTML: whoever is in the chat could run scripts otherwise. */
function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Makes a picture, if its address is one of the web; when it cannot be had, its text takes its place. */
function picture(url, className, text) {
  if (typeof url !== "string" || !url.startsWith("https://")) return document.createTextNode(text);
  const image = element("img", className);
  image.alt = text;
  image.referrerPolicy = "no-referrer";
  image.onerror = () => image.replaceWith(text);
  image.src = url;
  return image;
}

/** The parts of a message: text, and emotes as pictures. */
function messageParts(data) {
  const text = data.text ?? data.message?.message ?? data.message ?? "";
  const parts = data.parts?.length ? data.parts : [{ type: "text", text: String(text) }];
  return parts.map((part) => picture(part.imageUrl, "emote", String(part.text ?? "")));
}
