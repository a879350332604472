// What the official Streamer.bot client does in Node and in Chromium alike. A scenario gets the client's class, its
// options, and `ask(what, argument)`, by which the test acts on the server's side. What it returns the test compares.

// Connects as an overlay does: listeners first. `sent` holds what the client says, `subscribed` counts its Subscribes
// that were answered, `errors` what it reported.
async function connected(Client, options, listeners = {}) {
  const sent = [];
  const errors = [];
  const subscribed = new Ear();
  let client;
  await new Promise((resolve, reject) => {
    const onError = (error) => {
      errors.push(error.message);
      reject(error);
    };
    client = new Client({ immediate: false, logger: null, onConnect: resolve, onError, ...options });
    const { send, subscribe } = client;
    client.send = (message) => {
      sent.push(message);
      send.call(client, message);
    };
    client.subscribe = async (events) => {
      const reply = await subscribe.call(client, events);
      subscribed.hear(reply);
      return reply;
    };
    for (const [name, listener] of Object.entries(listeners)) client.on(name, listener);
    client.connect().catch(reject);
  });
  return { client, sent, errors, subscribed };
}

// Collects what comes in, and waits for it.
class Ear {
  heard = [];
  #wake = () => undefined;
  hear = (message) => {
    this.heard.push(message);
    this.#wake();
  };
  async until(count) {
    while (this.heard.length < count) await new Promise((resolve) => (this.#wake = resolve));
    return this.heard.splice(0);
  }
  async first(isWanted) {
    while (!this.heard.some(isWanted)) await new Promise((resolve) => (this.#wake = resolve));
    return this.heard.splice(0).find(isWanted);
  }
}

const names = (sent) => sent.map(({ request }) => request);
const emit = (ask, source, type, data = {}) => ask("call", ["stagedoor/@emit", { source, type, data }]);
const failure = (promise) => promise.then(() => "no failure", (error) => error.message);
const brief = ({ event, data }) => [event.source, event.type, data];

export async function comesInAsked(Client, options, ask) {
  const ear = new Ear();
  const subscribe = { Custom: ["Event"] };
  const listeners = { "Twitch.Follow": ear.hear, "General.Custom": ear.hear };
  const { client, sent, errors, subscribed } = await connected(Client, { ...options, subscribe }, listeners);
  await subscribed.until(2);
  await emit(ask, "Twitch", "Follow", { user: "Ada" });
  const [{ event, data, timeStamp }] = await ear.until(1);
  const result = {
    info: client.info,
    version: client.version,
    authenticated: client.authenticated,
    ready: client.ready ?? null,
    requests: names(sent),
    events: sent.filter(({ request }) => request === "Subscribe").map(({ events }) => events),
    event,
    follower: data.user_name,
    isTime: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}[+-]\d\d:\d\d$/.test(timeStamp),
    message: await client.sendMessage("twitch", "Hello").catch((error) => error.message),
    errors,
  };
  await client.disconnect();
  return result;
}

// What a refused client does: says so, and does not come back. It would after a second.
export async function isRefused(Client, options) {
  const errors = [];
  let opened = 0;
  const client = new Client({
    immediate: false,
    logger: null,
    onConnect: () => errors.push("connected after all"),
    onError: (error) => errors.push(error.message),
    ...options,
  });
  const { connect } = client;
  client.connect = (...arguments_) => {
    opened += 1;
    return connect.apply(client, arguments_);
  };
  const closed = new Promise((resolve) => (client.options.onDisconnect = resolve));
  await client.connect();
  await closed;
  await new Promise((resolve) => setTimeout(resolve, 1500));
  return { errors, opened };
}

// Everything there is, by "*".
export async function hearsEverything(Client, options, ask) {
  const ear = new Ear();
  const { client, subscribed, sent } = await connected(Client, options, { "*": ear.hear });
  await subscribed.until(1);
  const { events } = await client.getEvents();
  const subscribedTo = sent.find(({ request }) => request === "Subscribe").events;
  await ask("put", ["action/announce", { name: "Announce", steps: [{ type: "broadcast", json: { text: "Hello" } }] }]);
  await client.doAction("announce");
  const { data } = await ear.first(({ event }) => event.source === "General" && event.type === "Custom");
  await client.unsubscribe("*");
  ear.heard.splice(0);
  await emit(ask, "Twitch", "Follow", { user: "nobody listens" });
  await client.getInfo();
  const heardAfterwards = ear.heard.splice(0).length;
  await client.subscribe("*");
  await client.on("Twitch.*", ear.hear);
  await emit(ask, "Twitch", "Follow", { user: "Ada" });
  const twice = (await ear.until(2)).map(({ data: { user_name } }) => user_name);
  await client.disconnect();
  return { events, subscribedTo, data, heardAfterwards, twice };
}

// Actions and code triggers that answer with a custom event before the client has subscribed to it.
export async function waitsForAnAnswer(Client, options, ask) {
  const answer = [{ type: "triggerCustomEvent", eventName: "%sbClientResponse%", useArguments: true }];
  const triggers = [{ type: "codeTrigger", eventName: "asked" }];
  await ask("put", ["action/answer", { name: "Answer", steps: answer, triggers }]);
  await ask("put", ["code-trigger/asked", { name: "Asked", eventName: "asked", category: "Custom/Tests" }]);
  const { client, sent } = await connected(Client, options);
  const done = [];
  for (let round = 0; round < 20; round++) {
    const reply = await client.doAction({ name: "Answer" }, { round }, { customEventResponse: true });
    done.push(reply.customEventResponseArgs.round);
  }
  const fired = await client.executeCodeTrigger("asked", { by: "a trigger" }, { customEventResponse: true });
  const order = names(sent).slice(-3);
  const unanswered = await failure(client.doAction({ name: "No such" }, {}, { customEventResponse: true }));
  await client.disconnect();
  return { done, by: fired.customEventResponseArgs.by, order, unanswered };
}

// One name that nobody knows among those that are known.
export async function isNotDisturbed(Client, options, ask) {
  const ear = new Ear();
  const { client } = await connected(Client, options);
  await client.on("Twitch.NoSuchType", ear.hear);
  await client.on("NoSuchSource.Type", ear.hear);
  const reply = await client.subscribe({ Twitch: ["Follow", "NeverHeardOf"], Nonsense: ["Type"] });
  await client.on("Twitch.Follow", ear.hear);
  await emit(ask, "twitch", "follow", { user: "Ada" });
  const [{ event }] = await ear.until(1);
  await client.disconnect();
  return { subscribed: reply.events, event };
}

export async function hearsNoMore(Client, options, ask) {
  const ear = new Ear();
  const { client } = await connected(Client, options);
  await emit(ask, "Twitch", "Follow", { user: "too early" });
  await client.getInfo();
  await client.on("Twitch.Follow", ear.hear);
  await emit(ask, "Twitch", "Raid", { user: "nobody asked for it" });
  await emit(ask, "Twitch", "Follow", { user: "Ada" });
  const [{ data }] = await ear.until(1);
  const { events } = await client.unsubscribe({ Twitch: ["Follow"] });
  await emit(ask, "Twitch", "Follow", { user: "too late" });
  await client.getInfo();
  await client.disconnect();
  return { heard: data.user_name, removed: events, late: ear.heard.length };
}

export async function comesBack(Client, options, ask) {
  const ear = new Ear();
  const subscribe = { General: ["Custom"] };
  const { client, subscribed } = await connected(Client, { ...options, subscribe }, { "Twitch.Follow": ear.hear });
  await client.on("General.Custom", ear.hear);
  await subscribed.until(3);
  let disconnects = 0;
  client.options.onError = () => undefined;
  client.options.onDisconnect = () => (disconnects += 1);
  const again = new Promise((resolve) => (client.options.onConnect = resolve));
  await ask("restart");
  await again;
  await subscribed.until(2);
  await emit(ask, "Twitch", "Follow", { user: "Ada" });
  await emit(ask, "General", "Custom", { text: "again" });
  const heard = (await ear.until(2)).map(({ event }) => event.type);
  const { authenticated } = client;
  await client.disconnect();
  return { heard, authenticated, disconnected: disconnects > 0 };
}

// Every public method, with its whole answer. What varies is replaced by its kind; see `kinds`.
export async function everyMethod(Client, options, ask) {
  const steps = [];
  const check = (name, expected, got) => steps.push([name, expected, kinds(got)]);
  const ear = new Ear();
  const { client } = await connected(Client, options);
  const request = (type, rest) => ({ event: { source: "Request", type }, status: "ok", id: "REQUEST", ...rest });
  const no = "Request failed";

  check("getInfo", request("GetInfo", { info: kinds(client.info) }), await client.getInfo());
  check("on", undefined, await client.on("Twitch.ChatMessage", ear.hear));
  check("subscribe", { Twitch: ["ChatMessage"], General: ["Custom"] }, (await client.subscribe({ General: ["Custom"] })).events);
  check("request", request("GetGlobals", { variables: {}, count: 0 }), await client.request({ request: "GetGlobals" }));

  // Actions, code triggers, commands.
  const id = "a0ff6f91-a51e-4b7d-948b-5e03ff4a82f0";
  const say = [{ type: "broadcast", json: { said: "%words%", by: "%who.name%" } }];
  await ask("put", [`action/${id}`, { name: "Say", group: "Words", steps: say, triggers: [{ type: "codeTrigger", eventName: "say" }] }]);
  await ask("put", ["action/b", { name: "And off", enabled: false }]);
  check("getActions", request("GetActions", { count: 2, actions: [
    { id: "b", name: "And off", group: "None", enabled: false, subaction_count: 0, trigger_count: 0 },
    { id: "GUID", name: "Say", group: "Words", enabled: true, subaction_count: 1, trigger_count: 1 },
  ] }), await client.getActions());
  const ran = request("DoAction", { actionId: "GUID", runningActionId: "GUID" });
  const args = { actionId: "GUID", actionName: "Say", runningActionId: "GUID", actionQueuedAt: "TIME7",
    eventSource: "General", __source: "GeneralDoAction" };
  check("doAction by id", { ...ran, args: { words: "one", who: { name: "Ada" }, ...args } },
    await client.doAction(id, { words: "one", who: { name: "Ada" } }));
  check("doAction by name", { ...ran, args: { words: 2, ...args } }, await client.doAction({ name: "say" }, { words: 2 }));
  check("doAction without arguments", { ...ran, args }, await client.doAction({ id }));
  check("doAction, unknown", no, await failure(client.doAction("no such")));
  check("doAction, disabled", no, await failure(client.doAction({ name: "And off" })));
  await client.on("General.Custom", ear.hear);
  await client.doAction(id, { words: "heard", who: { name: "Ada" } });
  check("what the action did", ["General", "Custom", { said: "heard", by: "Ada" }], brief((await ear.until(1))[0]));
  await ask("put", ["code-trigger/say", { name: "Say it", eventName: "say", category: "Custom/Words" }]);
  check("getCodeTriggers", request("GetCodeTriggers", { count: 1,
    triggers: [{ name: "Say it", eventName: "say", category: "Custom/Words" }] }), await client.getCodeTriggers());
  check("executeCodeTrigger", request("ExecuteCodeTrigger"), await client.executeCodeTrigger("say", { words: "fired", who: { name: 1 } }));
  check("what the trigger did", ["General", "Custom", { said: "fired", by: 1 }], brief((await ear.until(1))[0]));
  check("executeCodeTrigger, unknown", no, await failure(client.executeCodeTrigger("no such")));
  await ask("put", ["command/c", { name: "My game", commands: ["!join", "!leave"] }]);
  check("getCommands", request("GetCommands", { count: 1, commands: [{ id: "c", enabled: true, name: "My game", group: null,
    commands: ["!join", "!leave"], caseSensitive: false, ignoreInternal: true, ignoreBotAccount: true, sources: 1 }] }),
    await client.getCommands());

  // Global variables.
  const set = (rest) => ask("call", ["global/@set", rest]);
  await set({ name: "count", value: 4 });
  await set({ name: "a/b % ä", value: { nested: [1, null] } });
  await set({ name: "passing", value: "text", persisted: false });
  const variable = (name, value) => ({ name, value, lastWrite: "TIME3" });
  check("getGlobals", request("GetGlobals", { count: 2, variables: {
    "a/b % ä": variable("a/b % ä", { nested: [1, null] }), count: variable("count", 4) } }), await client.getGlobals());
  check("getGlobals, not persisted", request("GetGlobals", { count: 1, variables: { passing: variable("passing", "text") } }),
    await client.getGlobals(false));
  check("getGlobal", { id: "REQUEST", status: "ok", variable: variable("count", 4) }, await client.getGlobal("count"));
  check("getGlobal, not persisted", { id: "REQUEST", status: "ok", variable: variable("passing", "text") },
    await client.getGlobal("passing", false));
  check("getGlobal, unknown", no, await failure(client.getGlobal("passing")));

  // Those of users. The older client does not know Kick's.
  const platforms = { twitch: "Twitch", youtube: "YouTube", trovo: "Trovo", kick: "Kick" };
  for (const [platform, source] of Object.entries(platforms)) {
    if (options.isOlder && platform === "kick") continue;
    const user = { platform, userId: "77", userLogin: "ada", userName: "Ada" };
    await set({ name: "fish", value: 3, ...user });
    await set({ name: "pet", value: "cat", ...user });
    await set({ name: "fish", value: 1, platform, userId: "78", userLogin: "bob", userName: "Bob", persisted: false });
    const whole = (name, value) => ({ ...user, ...variable(name, value) });
    check(`getUserGlobals ${platform}`, request(`${source}GetUserGlobals`, { count: 2,
      variables: [whole("fish", 3), whole("pet", "cat")] }), await client.getUserGlobals(platform));
    check(`getUserGlobals ${platform}, one name`, request(`${source}GetUserGlobals`, { count: 1,
      variables: [whole("pet", "cat")] }), await client.getUserGlobals(platform, "pet"));
    check(`getUserGlobals ${platform}, not persisted`, ["Bob"],
      (await client.getUserGlobals(platform, null, false)).variables.map(({ userName }) => userName));
    check(`getUserGlobal ${platform}`, { id: "REQUEST", status: "ok", variable: variable("fish", 3) },
      await client.getUserGlobal(platform, "77", "fish"));
    check(`getUserGlobal ${platform}, all`, request(`${source}GetUserGlobal`, { count: 2,
      variables: [variable("fish", 3), variable("pet", "cat")] }), await client.getUserGlobal(platform, "77"));
    check(`getUserGlobal ${platform}, unknown`, no, await failure(client.getUserGlobal(platform, "77", "dog")));
    check(`getUserGlobal ${platform}, unknown user`, [], (await client.getUserGlobal(platform, "0")).variables);
  }

  // Platforms.
  const all = ["twitch", "youtube", "trovo", "kick"];
  check("getBroadcaster, nobody", request("GetBroadcaster", { platforms: {}, connected: [], disconnected: all }), await client.getBroadcaster());
  check("sendMessage to nobody", no, await failure(client.sendMessage("twitch", "Hello")));
  check("getMonitoredYouTubeBroadcasts, none", request("GetMonitoredYouTubeBroadcasts", { broadcasts: [], count: 0 }),
    await client.getMonitoredYouTubeBroadcasts());
  await ask("open", { platform: "twitch", broadcaster: "Grace" });
  await ask("open", { platform: "youtube", broadcaster: "Grace" });
  await ask("open", { platform: "kick", broadcaster: "Grace" });
  check("getBroadcaster", request("GetBroadcaster", {
    platforms: {
      twitch: { broadcastUser: "Grace", broadcastUserName: "grace", broadcastUserId: "NUMBER", broadcasterIsAffiliate: false,
        broadcasterIsPartner: false, broadcastIsAffiliate: false, broadcastIsPartner: false, botUser: "GraceBot",
        botUserName: "gracebot", botUserId: "NUMBER" },
      youtube: { broadcastUserName: "Grace", broadcastUserId: "CHANNEL", broadcastUserProfileImage: "", botUserName: "GraceBot",
        botUserId: "CHANNEL", botUserProfileImage: "" },
      kick: { broadcasterLogin: "grace", broadcasterUserName: "Grace", broadcasterUserId: "NUMBER", broadcasterProfileUrl: "",
        botLogin: "gracebot", botUserName: "GraceBot", botUserId: "NUMBER", botProfileUrl: "" },
    }, connected: ["twitch", "youtube", "kick"], disconnected: ["trovo"] }), await client.getBroadcaster());
  const { broadcasts } = await client.getMonitoredYouTubeBroadcasts();
  check("getMonitoredYouTubeBroadcasts", [{ id: broadcasts[0].id, title: "Grace's rehearsal", description: "", channelId: "CHANNEL",
    liveChatId: broadcasts[0].liveChatId, categoryId: "20", privacy: "private", status: "live", publishedAt: "TIME7",
    scheduledStartTime: "TIME7", scheduledEndTime: null, actualStartTime: "TIME7", actualEndTime: null, tags: [],
    defaultLanguage: "", defaultAudioLanguage: "" }], broadcasts);

  const sent = request("SendMessage");
  const asSaid = ({ data }) => [data.user.name, data.text, data.meta.internal, data.reply?.msgBody ?? null];
  check("sendMessage", sent, await client.sendMessage("twitch", "Hello %name%"));
  check("what was said", ["Grace", "Hello %name%", true, null], asSaid((await ear.until(1))[0]));
  const { messageId } = await ask("call", ["loopback/@say", { platform: "twitch", name: "Ada", message: "A question", role: "vip" }]);
  await ear.until(1);
  check("sendMessage as the bot, in reply", sent,
    await client.sendMessage("twitch", "An answer", { bot: true, internal: false, replyId: messageId }));
  check("what the bot said", ["GraceBot", "An answer", false, "A question"], asSaid((await ear.until(1))[0]));
  await client.on("YouTube.Message", ear.hear);
  await client.on("Kick.ChatMessage", ear.hear);
  check("sendMessage to YouTube", sent, await client.sendMessage("youtube", "To YouTube", { broadcastId: broadcasts[0].id }));
  check("what was said on YouTube", ["Grace", "To YouTube", true],
    (({ data }) => [data.user.name, data.message, data.user.isOwner])((await ear.until(1))[0]));
  check("sendMessage to Kick", sent, await client.sendMessage("kick", "To Kick"));
  if (!options.isOlder) {
    check("what was said on Kick", ["Grace", "To Kick"], (({ data }) => [data.user.name, data.text])((await ear.until(1))[0]));
  }
  check("sendMessage to Trovo", no, await failure(client.sendMessage("trovo", "Hello")));

  // Viewers and credits.
  const viewers = await client.getActiveViewers();
  const ada = viewers.viewers.find(({ login }) => login === "ada");
  check("getActiveViewers", { id: "NUMBER", type: "twitch", login: "ada", display: "Ada", subscribed: false, role: "VIP", groups: [],
    channelPointsUsed: 0, previousActive: "TIME7", lastActive: "TIME7", exempt: false }, ada);
  check("getActiveViewers, how many", viewers.viewers.length, viewers.count);
  await emit(ask, "Twitch", "Follow", { user: "Ada" });
  await emit(ask, "Twitch", "Cheer", { user: "Bob", bits: 100, text: "Cheer100" });
  await emit(ask, "Twitch", "Raid", { user: "Eve", viewers: 5 });
  const credits = await client.getCredits();
  const empty = { follows: [], cheers: [], subs: [], resubs: [], giftsubs: [], giftbombs: [], raided: [], rewardredemptions: [],
    goalcontributions: [], gameupdates: [], pyramids: [], hypetrains: [] };
  check("getCredits, events", { ...empty, follows: ["Ada"], cheers: ["Bob"], raided: ["Eve"] }, credits.events);
  check("getCredits, users", { editors: [], moderators: ["GraceBot"], subscribers: [], vips: ["Ada"], groups: [] },
    (({ users, ...rest }) => rest)(credits.users));
  check("getCredits, the rest", { hypeTrain: { conductors: [], contributors: [] }, groups: {}, custom: {},
    top: { allBits: ["Bob"], monthBits: ["Bob"], weekBits: ["Bob"], channelRewards: [] } },
    (({ hypeTrain, groups, custom, top }) => ({ hypeTrain, groups, custom, top }))(credits));
  const sample = await client.testCredits();
  check("testCredits", Object.keys(empty), Object.keys(sample.events));
  check("testCredits, made-up names", true, sample.events.follows.length > 0 && sample.users.moderators.length > 0);
  check("clearCredits", request("ClearCredits"), await client.clearCredits());
  check("getCredits, cleared", empty, (await client.getCredits()).events);

  // Emotes and pronouns.
  const emote = { name: "Kappa", type: "twitch_globals", imageUrl: "https://example.org/kappa.png" };
  await ask("put", ["emotes/twitch", { userEmotes: [emote], bttvEmotes: [{ ...emote, zeroWidth: true }] }]);
  check("getEmotes", request("TwitchGetEmotes", { emotes: { userEmotes: [emote], bttvEmotes: [{ ...emote, zeroWidth: true }],
    ffzEmotes: [], sevenTvEmotes: [] } }), await client.getEmotes("twitch"));
  check("getEmotes of YouTube", request("YouTubeGetEmotes", { emotes: { userEmotes: [], bttvEmotes: [], ffzEmotes: [],
    sevenTvEmotes: [] } }), await client.getEmotes("youtube"));
  check("getEmotes of another", "Invalid platform", await failure(client.getEmotes("kick")));
  const words = (...forms) => Object.fromEntries(["Subject", "Object", "Possessive", "Pronoun", "Reflexive", "PastTense", "CurrentTense"]
    .flatMap((name, place) => [[`pronoun${name}`, forms[place]], [`pronoun${name}Lower`, forms[place].toLowerCase()]]));
  const pronoun = { ...words("She", "Her", "Her", "Hers", "Herself", "Was", "Is"), pronounPluralLower: "s", pronouns: "(She/Her)",
    pronounsPlain: "She/Her", userFound: true };
  await ask("put", ["pronouns/twitch/ada", { ...pronoun, pronounLastCached: new Date().toISOString() }]);
  check("getUserPronouns", request("GetUserPronouns", { userLogin: "ada", pronoun: { ...pronoun, pronounLastCached: "TIME3" } }),
    await client.getUserPronouns("twitch", "ada"));
  check("getUserPronouns, unknown", ["(They/Them)", false],
    (({ pronoun: { pronouns, userFound } }) => [pronouns, userFound])(await client.getUserPronouns("twitch", "not a login")));
  check("getUserPronouns elsewhere", no, await failure(client.getUserPronouns("kick", "ada")));

  check("unsubscribe", { Twitch: ["ChatMessage"] }, (await client.unsubscribe({ Twitch: ["ChatMessage"] })).events);
  client.send({ request: "GetGlobals", id: "unread" });
  check("disconnect", undefined, await client.disconnect());
  if (options.isOlder) return steps; // A request without a connection waits for ten seconds there.
  check("afterwards", "WebSocket is not connected", await failure(client.getInfo()));
  return steps;
}

// Replaces what differs from run to run by a word for its kind.
function kinds(value) {
  if (Array.isArray(value)) return value.map(kinds);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, kinds(item)]));
  }
  if (typeof value !== "string") return value;
  for (const [kind, pattern] of KINDS) if (pattern.test(value)) return kind;
  return value;
}

const KINDS = [
  ["REQUEST", /^sb:client:req:\d+-\d+$/],
  ["GUID", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ["TIME7", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}[+-]\d\d:\d\d$/],
  ["TIME3", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}([+-]\d\d:\d\d|Z)$/],
  ["CHANNEL", /^UC[\w-]{22}$/],
  ["NUMBER", /^\d{5,}$/],
];
