// Shows what is said in the chat. Each message fades after a while, and goes at once when it was deleted.
"use strict";

const chat = document.getElementById("chat");
const shownMs = numberOption("seconds", 30, 0, 86_400) * 1000; // 0: for ever
const MOST_MESSAGES = 30; // so that a busy chat cannot fill the memory
const FADING_MS = 500;

document.body.style.fontSize = `${numberOption("size", 22, 8, 200)}px`;
document.body.classList.toggle("right", options.get("align") === "right");

const MODERATION = ["UserBanned", "UserTimedOut"];

connect({
  events: {
    Twitch: ["ChatMessage", "ChatMessageDeleted", "ChatCleared", ...MODERATION],
    YouTube: ["Message", "MessageDeleted", "UserBanned"],
    Kick: ["ChatMessage", ...MODERATION],
    Trovo: ["ChatMessage"],
  },
  onEvent(name, data) {
    const [platform, type] = name.split(".");
    if (type === "ChatMessage" || type === "Message") show(platform, data);
    else if (type === "ChatCleared") chat.replaceChildren();
    else if (type.endsWith("Deleted")) {
      const ids = [data.targetMessageId, data.messageId, data.eventId];
      remove((line) => ids.includes(line.dataset.message));
    } else {
      const id = (data.targetUser ?? data.bannedUser ?? data.user)?.id ?? data.user_id;
      remove((line) => line.dataset.user === `${platform} ${id}`);
    }
  },
});

function show(platform, data) {
  const user = data.user ?? {};
  const name = String(user.name || user.login || "?");
  const line = element("li", "");
  line.dataset.message = data.messageId ?? data.eventId ?? "";
  line.dataset.user = `${platform} ${user.id}`;
  line.style.setProperty("--name", readable(user.color || ownColour(name)));

  const avatar = element("span", "avatar");
  avatar.setAttribute("aria-hidden", "true");
  avatar.append(picture(user.profilePicture || user.profileImageUrl, "", initials(name)));

  const said = element("span", "said");
  said.append(...badges(user), element("span", "name", name), ...messageParts(data));
  line.append(avatar, said);
  chat.append(line);

  while (chat.children.length > MOST_MESSAGES) chat.firstChild.remove();
  if (shownMs > 0) {
    setTimeout(() => line.classList.add("gone"), shownMs);
    setTimeout(() => line.remove(), shownMs + FADING_MS);
  }
}

function remove(isMeant) {
  for (const line of [...chat.children]) if (isMeant(line)) line.remove();
}

function badges(user) {
  const pictures = (user.badges ?? []).slice(0, 4).map((badge) => {
    const inWords = element("span", "role", String(badge.name ?? ""));
    const made = picture(badge.imageUrl, "badge", inWords.textContent);
    if (made.nodeType === Node.TEXT_NODE) return inWords;
    made.onerror = () => made.replaceWith(inWords);
    return made;
  });
  // YouTube says in words what others say in pictures.
  const roles = { isOwner: "host", isModerator: "moderator", isSponsor: "member" };
  const told = Object.keys(roles).filter((role) => user[role] === true);
  return [...pictures, ...told.map((role) => element("span", "role", roles[role]))];
}

function initials(name) {
  const words = name.split(/[\s_.-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words[1]].map((word) => [...word][0]) : [...name].slice(0, 1);
  return letters.join("").toUpperCase();
}

/** A colour for somebody who has chosen none: always the same for the same name. */
function ownColour(name) {
  const colours = ["#ff7f7f", "#ffb454", "#e5d352", "#7fd67f", "#5fcfcf", "#7fb2ff", "#b99aff", "#ff8fd0"];
  const sum = [...name].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return colours[sum % colours.length];
}

/** Lightens a colour until it can be read on the dark card: a contrast of 4.5 to 1, as the WCAG has it. */
function readable(colour) {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return "#ffffff";
  const card = luminance([0x1b, 0x18, 0x22]);
  let rgb = [1, 3, 5].map((start) => Number.parseInt(colour.slice(start, start + 2), 16));
  while ((luminance(rgb) + 0.05) / (card + 0.05) < 4.5) rgb = rgb.map((part) => part + (255 - part) * 0.1);
  return `rgb(${rgb.map(Math.round).join(" ")})`;
}

function luminance(rgb) {
  const [red, green, blue] = rgb.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
