// A page of a few lines without any client, as many overlays are: it speaks to the socket itself.

// Opens a socket and waits for its Hello. `next` gives one message after the other, `say` sends and gives the reply.
export async function open(url) {
  const socket = new WebSocket(url);
  const waiting = [];
  let wake = () => undefined;
  const closed = new Promise((resolve) => (socket.onclose = ({ code }) => resolve(code)));
  socket.onmessage = ({ data }) => {
    waiting.push(data);
    wake();
  };
  const next = async () => {
    while (!waiting.length) await new Promise((resolve) => (wake = resolve));
    return JSON.parse(waiting.shift());
  };
  const say = async (message) => {
    socket.send(typeof message === "string" ? message : JSON.stringify(message));
    return await next();
  };
  return { socket, next, say, closed, hello: await next() };
}

const hashed = async (text) => {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
};

// The scheme of obs-websocket 5.
export const answerTo = async ({ salt, challenge }, password) => hashed((await hashed(password + salt)) + challenge);

export async function greets({ url }) {
  const began = performance.now();
  const { hello } = await open(url);
  return { hello, isSoon: performance.now() - began < 1000 };
}

export async function authenticates({ url, password, vectors }) {
  const answers = [];
  for (const [salt, challenge, text] of vectors) answers.push(await answerTo({ salt, challenge }, text));
  const { hello, say } = await open(url);
  const wrong = await say({ request: "Authenticate", id: 1, authentication: await answerTo(hello.authentication, "wrong") });
  const authentication = await answerTo(hello.authentication, password);
  const right = await say({ request: "Authenticate", id: "2", authentication });
  return { answers, wrong, right, then: await say({ request: "GetInfo", id: "3" }) };
}

// Wrong or missing while it is enforced; gives the reply and the code that the connection was closed with.
export async function isClosed({ url, password }) {
  const first = await open(url);
  const unasked = await first.say({ request: "GetInfo", id: "1" });
  const second = await open(url);
  const wrong = await second.say({ request: "Authenticate", id: "1", authentication: await answerTo(second.hello.authentication, "no") });
  const third = await open(url);
  const right = await third.say({ request: "Authenticate", id: "1", authentication: await answerTo(third.hello.authentication, password) });
  return { unasked, wrong, codes: [await first.closed, await second.closed], right };
}

// Subscribes in one of the spellings in use, and hears what the test publishes; the last event ends it.
export async function hears({ url, events, last }) {
  const { say, next } = await open(url);
  const reply = await say({ request: "Subscribe", id: "countdown", events });
  await window.ask(["subscribed"]);
  const heard = [];
  for (;;) {
    const { event } = await next();
    heard.push(`${event.source}.${event.type}`);
    if (heard.at(-1) === last) return { reply: reply.events, heard };
  }
}

export async function hearsNoMore({ url }) {
  const { say } = await open(url);
  await window.ask(["publish", "before"]);
  const before = await say({ request: "Subscribe", id: "1", events: { Twitch: ["Follow"] } });
  const removed = await say({ request: "UnSubscribe", id: "2", events: { Twitch: ["Follow"] } });
  await window.ask(["publish", "after"]);
  const last = await say({ request: "GetInfo", id: "3" });
  return [before.id, removed.id, last.id];
}

// One message after the other, each with its reply.
export async function replies({ url, messages }) {
  const { say } = await open(url);
  const got = [];
  for (const message of messages) got.push(await say(message));
  return got;
}
