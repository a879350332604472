// Shows who follows, subscribes, gives, cheers and raids: one alert after the other.
"use strict";

const stage = document.getElementById("stage");
const shownMs = numberOption("seconds", 6, 1, 120) * 1000;
const MOST_WAITING = 50; // so that a burst of gifts cannot keep them coming for an hour

document.body.style.fontSize = `${numberOption("size", 28, 8, 200)}px`;

/** What each event says: its kind, who it was, what they did. Nothing, when another event says it already. */
const ALERTS = {
  "Twitch.Follow": (data) => ["follow", data.user_name, "follows"],
  "Twitch.Sub": (data) => ["sub", data.user?.name, "subscribed"],
  "Twitch.ReSub": (data) => ["sub", data.user?.name, `subscribed for ${count(data.cumulativeMonths, "month")}`],
  "Twitch.GiftSub": (data) =>
    data.fromCommunitySubGift ? null : ["gift", giver(data), `gave a sub to ${data.recipient?.name ?? "somebody"}`],
  "Twitch.GiftBomb": (data) => ["gift", giver(data), `gave ${count(data.total ?? data.gifts, "sub")}`],
  "Twitch.Cheer": (data) => ["cheer", giver(data), `cheered ${count(data.bits ?? data.message?.bits, "bit")}`],
  "Twitch.Raid": (data) => [
    "raid",
    data.from_broadcaster_user_name ?? data.displayName,
    `raids with ${count(data.viewers, "viewer")}`,
  ],
  "YouTube.NewSubscriber": (data) => ["follow", data.user?.name, "subscribed to the channel"],
  "YouTube.NewSponsor": (data) => ["sub", data.user?.name, "became a member"],
  "YouTube.MembershipGift": (data) => ["gift", data.user?.name, `gave ${count(data.count, "membership")}`],
  "YouTube.SuperChat": (data) => ["cheer", data.user?.name, `gave ${data.amount ?? "a Super Chat"}`],
  "Kick.Follow": (data) => ["follow", data.user?.name, "follows"],
  "Kick.Subscription": (data) => ["sub", data.user?.name, "subscribed"],
  "Kick.Resubscription": (data) => ["sub", data.user?.name, "subscribed again"],
  "Kick.GiftSubscription": (data) => ["gift", data.user?.name, `gave a sub to ${data.recipient?.name ?? "somebody"}`],
  "Kick.MassGiftSubscription": (data) => ["gift", data.user?.name, `gave ${count(data.recipients?.length, "sub")}`],
  "Trovo.Follow": (data) => ["follow", data.user?.name, "follows"],
  "Trovo.Subscription": (data) => ["sub", data.user?.name, "subscribed"],
  "Trovo.Raid": (data) => ["raid", data.user?.name, "raids"],
};

const waiting = [];
let isShowing = false;

const events = {};
for (const name of Object.keys(ALERTS)) {
  const [source, type] = name.split(".");
  (events[source] ??= []).push(type);
}

connect({
  events,
  onEvent(name, data) {
    const alert = ALERTS[name]?.(data);
    if (!alert || waiting.length >= MOST_WAITING) return;
    waiting.push([...alert, data]);
    if (!isShowing) next();
  },
});

function next() {
  stage.replaceChildren();
  const [kind, name, deed, data] = waiting.shift() ?? [];
  isShowing = kind !== undefined;
  if (!isShowing) return;
  const alert = element("div", `alert ${kind}`);
  alert.append(element("bdi", "name", String(name || "Somebody")), element("span", "deed", deed));
  const message = element("div", "message");
  message.append(...messageParts(data));
  if (message.textContent !== "" || message.querySelector("img")) alert.append(message);
  stage.append(alert);
  setTimeout(next, shownMs);
}

function giver(data) {
  return data.isAnonymous || data.message?.isAnonymous ? "Somebody" : data.user?.name;
}

function count(number, thing) {
  return `${number ?? 1} ${thing}${number > 1 ? "s" : ""}`;
}
