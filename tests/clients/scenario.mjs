// What the published client does in Node and in Chromium alike: log in, every command, subscriptions.
// Returns a list of [step, expected, got] for the test to compare.

export async function everyCommand(Kilovolt, url, options) {
  const steps = [];
  const check = (name, expected, got) => steps.push([name, expected, got]);

  const client = new Kilovolt(url, { reconnect: false, ...options });
  const errors = [];
  client.on("error", (event) => errors.push(event.detail?.error ?? event.error ?? String(event)));
  await client.connect();
  // The client resubscribes right after it has logged in; one round trip later it is ready.
  await client.keyList("nothing/");

  const heard = [];
  const waiters = [];
  const hear = (value, key) => {
    heard.push([key, value]);
    for (const waiter of waiters.splice(0)) waiter();
  };
  const until = async (count) => {
    while (heard.length < count) await new Promise((resolve) => waiters.push(resolve));
  };

  check("an absent key reads empty", "", await client.getKey("js/absent"));
  check("putKey", true, (await client.putKey("js/a", "one")).ok);
  check("getKey", "one", await client.getKey("js/a"));
  check("putKeys", true, (await client.putKeys({ "js/b": "two", "js/c": "drei 🎥" })).ok);
  check("getKeys", { "js/b": "two", "js/c": "drei 🎥", "js/x": "" }, await client.getKeys(["js/b", "js/c", "js/x"]));
  check("getKeysByPrefix", { "js/a": "one", "js/b": "two", "js/c": "drei 🎥" }, await client.getKeysByPrefix("js/"));
  check("keyList", ["js/a", "js/b", "js/c"], await client.keyList("js/"));
  check("putJSON", true, (await client.putJSON("js/json", { nested: [1, null, "x"] })).ok);
  check("getJSON", { nested: [1, null, "x"] }, await client.getJSON("js/json"));
  check("putJSONs", true, (await client.putJSONs({ "js/j1": 1, "js/j2": [2] })).ok);
  check("getJSONs", { "js/j1": 1, "js/j2": [2] }, await client.getJSONs(["js/j1", "js/j2"]));

  check("subscribeKey", true, (await client.subscribeKey("js/watched", hear)).ok);
  await client.putKey("js/watched", "first");
  await until(1);
  check("a push of a key", [["js/watched", "first"]], heard.splice(0));

  check("subscribePrefix", true, (await client.subscribePrefix("js/ev/", hear)).ok);
  await client.putKeys({ "js/ev/one": "1", "js/ev/two": "2" });
  await until(2);
  check("pushes of a prefix", [["js/ev/one", "1"], ["js/ev/two", "2"]], heard.splice(0));

  await client.deleteKey("js/watched");
  await until(1);
  check("a deletion pushes an empty value", [["js/watched", ""]], heard.splice(0));
  check("deleteKey", "", await client.getKey("js/watched"));

  check("unsubscribeKey", true, await client.unsubscribeKey("js/watched", hear));
  check("unsubscribePrefix", true, await client.unsubscribePrefix("js/ev/", hear));
  await client.putKey("js/watched", "unheard");
  await client.putKey("js/ev/one", "unheard");
  await client.getKey("js/a");
  check("nothing is heard afterwards", [], heard);

  check("no error was reported", [], errors);
  client.close();
  return steps;
}

// Stays connected through a restart of the server: `restart` has it restarted and resolves when it is up again.
export async function throughARestart(Kilovolt, url, options, restart) {
  const client = new Kilovolt(url, { reconnect: true, ...options });
  client.on("error", () => undefined);
  await client.connect();
  const heard = [];
  let wake;
  await client.subscribeKey("js/kept", (value) => {
    heard.push(value);
    wake?.();
  });
  await client.putKey("js/kept", "before");
  const again = new Promise((resolve) => client.on("close", () => client.once("open", resolve)));
  await restart();
  await again;
  // "open" comes before the client has subscribed again.
  await client.putKey("js/probe", "");
  const kept = await client.getKey("js/kept");
  const push = new Promise((resolve) => (wake = resolve));
  await client.putKey("js/kept", "after");
  await push;
  client.close();
  return { kept, heard };
}
