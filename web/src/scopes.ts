/** What a program or an overlay may touch: the words of docs/scopes.md, and how to say them to people. */

import type { Texts } from './i18n/index.svelte';
import { unsegment } from './prefix.svelte';

/** The groups in which scopes are shown, in this order. */
export const GROUPS = ['see', 'hear', 'change', 'ask', 'chat'] as const;
export type Group = (typeof GROUPS)[number];

export type Danger = keyof Texts['scopes']['dangers'];

/** A scope in words. */
export interface Line {
  scope: string;
  group: Group;
  text: string;
  /** What it can be misused for, if it is much. */
  danger: Danger | null;
}

type Words = Texts['scopes'];

/** Keys, and beginnings of keys with a slash at their end, that are dangerous to write; the worst first. `stagedoor asks`
 * has the same lists. */
const WRITING: [Danger, string[]][] = [
  ['actions', ['action/']],
  ['chat', ['twitch/bot-custom-commands', 'twitch/bot-modules/']],
  ['points', ['loyalty/points/', 'loyalty/left-points/', 'loyalty/config', 'loyalty/rewards', 'loyalty/goals', 'loyalty/redeem-queue']],
  ['events', ['event/', 'twitch/ev/', 'loyalty/ev/']],
];

/** The same for requests. */
const CALLING: [Danger, string[]][] = [
  ['run', ['action/@run']],
  ['chat', ['platform/', 'twitch/@announce', 'twitch/@send-chat-message', 'twitch/@whisper', 'twitch/bot/@send-message']],
  ['points', ['loyalty/@add-points', 'loyalty/@refund-redeem', 'loyalty/@remove-goal', 'loyalty/@remove-redeem', 'loyalty/@remove-reward', 'loyalty/@restore-goal', 'loyalty/@restore-reward', 'loyalty/@save-goal']],
  ['events', ['stagedoor/@emit', 'loopback/@open', 'loopback/@say', 'code-trigger/@execute', 'loyalty/@create-redeem']],
];

const CHATS = 'platform/';
const SAY = '/@send-message';
const PLATFORMS = ['Twitch', 'YouTube', 'Kick', 'Trovo'];

/** Says one scope in words. */
export function describe(scope: string, words: Words): Line {
  const [verb, about] = split(scope);
  const line = (group: Group, text: string, danger: Danger | null = null): Line => ({ scope, group, text, danger });
  switch (verb) {
    case 'read':
      return about.startsWith('event/') ? line('hear', hearing(about, words)) : line('see', seeing(about, words));
    case 'event':
      return line('hear', hearing(keysOfEvent(about), words));
    case 'write':
      return line('change', changing(about, words), dangerOfWriting(about));
    case 'call':
      return isSaying(about)
        ? line('chat', words.say(platform(about.slice(CHATS.length, -SAY.length))), 'chat')
        : line('ask', asking(about, words), dangerOfCalling(about));
    case 'send':
      return line('chat', about === '*' ? words.sayAnywhere : words.say(platform(about)), 'chat');
    default:
      return line('ask', words.unknown(readable(scope)), 'everything');
  }
}

/** Scopes in words, by group. */
export function describeAll(scopes: readonly string[], words: Words): [Group, Line[]][] {
  const lines = scopes.map((scope) => describe(scope, words));
  return GROUPS.map((group): [Group, Line[]] => [group, lines.filter((line) => line.group === group)]).filter(
    ([, found]) => found.length > 0,
  );
}

/** What a grant comes to, in one line. */
export function summarize(scopes: readonly string[] | null, words: Words, most = 2): string {
  if (scopes === null) return words.everything;
  if (scopes.length === 0) return words.nothing;
  const lines = describeAll(scopes, words).flatMap(([, found]) => found.map(({ text }) => text));
  const shown = lines.slice(0, lines.length === most + 1 ? most + 1 : most).join(' · ');
  return lines.length > most + 1 ? `${shown} ${words.more(lines.length - most)}` : shown;
}

/** Whether some scopes let one read or hear all that another one names. */
export function coverReading(scopes: readonly string[] | null, wanted: string): boolean {
  const target = readPattern(wanted);
  return scopes === null || (target !== null && scopes.some((scope) => covers(readPattern(scope) ?? '', target)));
}

/** The keys of an event, `Twitch.ChatMessage`, `Twitch.*` or `*`, as a pattern. */
function keysOfEvent(about: string): string {
  if (about === '*') return 'event/*';
  const dot = about.indexOf('.');
  return dot < 0 ? `event/${about}` : `event/${about.slice(0, dot)}/${about.slice(dot + 1)}`;
}

function readPattern(scope: string): string | null {
  const [verb, about] = split(scope);
  if (verb === 'event') return keysOfEvent(about);
  return verb === 'read' ? about : null;
}

function split(scope: string): [string, string] {
  const colon = scope.indexOf(':');
  return colon < 0 ? ['', scope] : [scope.slice(0, colon), scope.slice(colon + 1)];
}

/** Whether a pattern (a key, or a prefix with a star) covers another one. */
function covers(pattern: string, other: string): boolean {
  return pattern.endsWith('*') ? other.startsWith(pattern.slice(0, -1)) : pattern === other;
}

/** Whether a pattern covers some key with a prefix. */
function meets(pattern: string, prefix: string): boolean {
  if (!pattern.endsWith('*')) return pattern.startsWith(prefix);
  const start = pattern.slice(0, -1);
  return start.startsWith(prefix) || prefix.startsWith(start);
}

function isSaying(about: string): boolean {
  return about.startsWith(CHATS) && about.endsWith(SAY) && about.length > CHATS.length + SAY.length;
}

function seeing(about: string, words: Words): string {
  return known(words.see, about) ?? variable(about, words.seeVariable, words.seeOnesVariable) ?? generic(about, words.seeKeys);
}

function changing(about: string, words: Words): string {
  return (
    known(words.change, about) ?? variable(about, words.changeVariable, words.changeOnesVariable) ?? generic(about, words.changeKeys)
  );
}

function asking(about: string, words: Words): string {
  return known(words.ask, about) ?? generic(about, words.askKeys);
}

function hearing(pattern: string, words: Words): string {
  if (pattern === 'event/*') return words.hearAll;
  const [, source = '', type = '', ...more] = pattern.split('/');
  if (type === '*' && more.length === 0) return words.hearSource(readable(source));
  if (pattern.endsWith('*')) return words.hearSome(readable(pattern.slice('event/'.length, -1)));
  return words.hear(readable([source, type, ...more].filter(Boolean).join('.')));
}

function known(table: Record<string, string>, about: string): string | null {
  return Object.hasOwn(table, about) ? (table[about] ?? null) : null;
}

type Name = (name: string) => string;

/** `global/persisted/deaths`, and `user-global/persisted/twitch/17/points`. */
function variable(about: string, all: Name, ones: Name): string | null {
  const found = /^(user-)?global\/(?:persisted|temporary)\/((?:[^/]+\/[^/]+\/)?)([^/@*][^/*]*)$/.exec(about);
  if (!found || (found[1] !== undefined) !== (found[2] !== '')) return null;
  return (found[1] === undefined ? all : ones)(readable(unsegment(found[3] ?? '')));
}

function generic(about: string, texts: { one: Name; beginning: Name }): string {
  return about.endsWith('*') ? texts.beginning(readable(about.slice(0, -1))) : texts.one(readable(about));
}

function dangerOfWriting(about: string): Danger | null {
  return about === '*' ? 'everything' : worst(about, WRITING);
}

function dangerOfCalling(about: string): Danger | null {
  return about === '*' ? 'calls' : worst(about, CALLING);
}

/** The worst that a pattern lets one do. */
function worst(about: string, dangers: [Danger, string[]][]): Danger | null {
  const touches = (key: string): boolean => (key.endsWith('/') ? meets(about, key) : covers(about, key));
  return dangers.find(([, keys]) => keys.some(touches))?.[0] ?? null;
}

/** The name of a platform as its makers write it. */
function platform(name: string): string {
  return PLATFORMS.find((known) => known.toLowerCase() === name) ?? readable(name);
}

/** A name from outside, of which no character can hide or turn what is beside it around. */
function readable(name: string): string {
  const plain = name.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
  // An isolate, for a name that is written from right to left.
  return /^[\x20-\x7e]*$/.test(plain) ? plain : `\u2068${plain}\u2069`;
}
