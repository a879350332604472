/** Loyalty as its keys hold it: read as generously as the server does, changed with care for what nobody here knows. */

import { t } from '../../i18n/index.svelte';
import { segment, unsegment } from '../../prefix.svelte';
import { hub } from '../../session.svelte';
import { readText } from '../../ui/json';
import { member, membersOf, numberOf, readMembers, textOf, textsOf, withMembers, type Members } from '../../ui/members';
import { isObject, isSame } from '../../ui/schema';

export const CONFIG = 'loyalty/config';
export const LAST_AWARD = 'loyalty/last-award';
export const POINTS = 'loyalty/points/';
export const QUEUE = 'loyalty/redeem-queue';

/** As far as JavaScript and the server count. */
export const MOST = Number.MAX_SAFE_INTEGER;

export const SHORTEST_S = 5;
/** What is offered before anything is set. */
export const USUAL_INTERVAL_S = 120;

// --- settings ---

export interface Rules {
  currency: string;
  intervalS: number;
  amount: number;
  bonus: number;
  banned: string[];
}

export interface Config {
  text: string;
  /** `null` when it cannot be read. */
  members: Members | null;
  isEnabled: boolean;
  rules: Rules;
}

export function readConfig(text: string): Config {
  const members = readMembers(text);
  const points = membersOf(member(members ?? {}, 'points'));
  return {
    text,
    members,
    isEnabled: member(members ?? {}, 'enabled') === true,
    rules: {
      currency: textOf(member(members ?? {}, 'currency')),
      intervalS: whole(member(points, 'interval')),
      amount: whole(member(points, 'amount')),
      bonus: whole(member(points, 'activity_bonus')),
      banned: textsOf(member(members ?? {}, 'banlist')),
    },
  };
}

/** Writes the rules that differ from `base` into settings that others may have changed meanwhile. */
export function withRules(now: Members, rules: Rules, base: Rules): Members {
  const isNew = (name: keyof Rules): boolean => !isSame(rules[name], base[name]);
  const points: Members = {
    ...(isNew('intervalS') ? { interval: rules.intervalS } : {}),
    ...(isNew('amount') ? { amount: rules.amount } : {}),
    ...(isNew('bonus') ? { activity_bonus: rules.bonus } : {}),
  };
  return withMembers(now, {
    ...(isNew('currency') ? { currency: rules.currency } : {}),
    ...(Object.keys(points).length > 0 ? { points: withMembers(membersOf(member(now, 'points')), points) } : {}),
    ...(isNew('banned') ? { banlist: rules.banned } : {}),
  });
}

/** Changes the settings as they are now. */
export async function changeConfig(how: (now: Members) => Members): Promise<void> {
  const now = readMembers(await hub().get(CONFIG));
  if (now === null) throw new Error(t().loyalty.unreadable(CONFIG));
  await hub().setJson(CONFIG, how(now));
}

/** The logins in what somebody has typed or pasted. */
export function readLogins(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((one) => one.replace(/^@/, '').toLowerCase())
    .filter(Boolean);
}

// --- lists ---

export interface Listing {
  text: string;
  /** `null` when the key holds no list. */
  all: unknown[] | null;
}

export function readListing(text: string): Listing {
  const { value } = readText(text.trim() === '' ? 'null' : text);
  return { text, all: value === null ? [] : Array.isArray(value) ? (value as unknown[]) : null };
}

/** Changes a list as it is now: others may have written meanwhile. */
export async function changeList(key: string, how: (all: unknown[]) => unknown[]): Promise<void> {
  const { all } = readListing(await hub().get(key));
  if (all === null) throw new Error(t().loyalty.unreadable(key));
  await hub().setJson(key, how(all));
}

// --- rewards and goals ---

export type Kind = 'reward' | 'goal';

export const KEYS: Record<Kind, string> = { reward: 'loyalty/rewards', goal: 'loyalty/goals' };

/** What of a reward or a goal can be changed. */
export interface Draft {
  id: string;
  isEnabled: boolean;
  name: string;
  description: string;
  image: string;
  /** What a reward costs, or a goal needs. */
  points: number;
  /** Seconds until anybody may buy a reward again. */
  cooldownS: number;
  /** What viewers are asked for who buy a reward; `null` for nothing. */
  prompt: string | null;
}

export interface Offer extends Draft {
  /** Tells it from all others. */
  key: string;
  /** As it is stored. */
  members: Members;
  contributed: number;
  /** Who gave how much to a goal, the most generous first. */
  contributors: [login: string, points: number][];
}

export const NOTHING: Draft = { id: '', isEnabled: true, name: '', description: '', image: '', points: 100, cooldownS: 0, prompt: null };

function readOffer(kind: Kind, members: Members, keyOf: (name: string) => string): Offer {
  const id = textOf(member(members, 'id'));
  return {
    key: keyOf(id),
    members,
    id,
    isEnabled: member(members, 'enabled') === true,
    name: textOf(member(members, 'name')),
    description: textOf(member(members, 'description')),
    image: textOf(member(members, 'image')),
    points: whole(member(members, kind === 'reward' ? 'price' : 'total')),
    cooldownS: whole(member(members, 'cooldown')),
    prompt: textOf(member(members, 'required_info')) || null,
    contributed: whole(member(members, 'contributed')),
    contributors: Object.entries(membersOf(member(members, 'contributors')))
      .map(([login, points]): [string, number] => [login, whole(points)])
      .sort(([, one], [, other]) => other - one),
  };
}

/** Makes keys of names, of which there may be several that are the same. */
function newKeys(): (name: string) => string {
  const seen = new Map<string, number>();
  return (name) => {
    const twins = seen.get(name) ?? 0;
    seen.set(name, twins + 1);
    return `${twins} ${name}`;
  };
}

/** Those of a list that can be read. */
export function readOffers(kind: Kind, listing: Listing | null): Offer[] {
  const keyOf = newKeys();
  return (listing?.all ?? []).filter(isObject).map((one) => readOffer(kind, one, keyOf));
}

/** As it is stored; `undefined` for what is not. */
export function toMembers(kind: Kind, draft: Draft): Members {
  const { id, isEnabled, name, description, image, points } = draft;
  const both = { enabled: isEnabled, id, name: name.trim(), description, image: image.trim() };
  if (kind === 'goal') return { ...both, total: points };
  return { ...both, price: points, required_info: draft.prompt?.trim() || undefined, cooldown: draft.cooldownS };
}

/** The members in which two differ, as they are in the first. */
export function changesOf(kind: Kind, draft: Draft, base: Draft): Members {
  const before = toMembers(kind, base);
  return Object.fromEntries(Object.entries(toMembers(kind, draft)).filter(([name, value]) => value !== before[name]));
}

export function isSameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** An id of what somebody types. */
export function cleanId(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9-]+/g, '-').replace(/^-+/, '');
}

function indexOf(all: unknown[], id: string): number {
  return all.findIndex((one) => isObject(one) && textOf(member(one, 'id')) === id);
}

/** Saves a reward or a goal: what is new of it, into what is stored now. What was saved for a goal stays. */
export async function saveOffer(kind: Kind, draft: Draft, base: Draft | null): Promise<void> {
  const changes = base === null ? toMembers(kind, draft) : changesOf(kind, draft, base);
  if (kind === 'goal') {
    const { all } = readListing(await hub().get(KEYS.goal));
    const isThere = (all ?? []).filter(isObject).some((one) => isSameId(textOf(member(one, 'id')), draft.id));
    if (base === null && isThere) throw new Error(t().loyalty.taken);
    await hub().call('loyalty/@save-goal', isThere ? { id: draft.id, ...changes } : toMembers(kind, draft));
    return;
  }
  await changeList(KEYS.reward, (all) => {
    const index = indexOf(all, draft.id);
    if (base === null && all.some((one) => isObject(one) && isSameId(textOf(member(one, 'id')), draft.id))) {
      throw new Error(t().loyalty.taken);
    }
    if (index < 0) return [...all, withMembers({}, toMembers(kind, draft))];
    return all.with(index, withMembers(membersOf(all[index]), changes));
  });
}

/** Takes one out of a list. Returns what puts it back where it was. */
export async function removeOffer(kind: Kind, id: string): Promise<() => Promise<void>> {
  // The server decides, as viewers contribute to other goals meanwhile.
  const takenOut = await hub().call(`loyalty/@remove-${kind}`, { id });
  return async () => {
    await hub().call(`loyalty/@restore-${kind}`, takenOut);
  };
}

// --- the queue ---

export interface Redeem {
  /** Tells it from all others. */
  key: string;
  /** Its place, oldest first. */
  index: number;
  members: Members;
  login: string;
  viewer: string;
  rewardId: string;
  reward: string;
  price: number;
  request: string;
  when: string;
  /** `NaN` when that is no time. */
  atMs: number;
}

export const COLUMNS = ['when', 'viewer', 'reward', 'request'] as const;
export type Column = (typeof COLUMNS)[number];

/** Those of the queue that can be read. */
export function readQueue(listing: Listing | null): Redeem[] {
  const keyOf = newKeys();
  return (listing?.all ?? []).flatMap((one, index) => {
    if (!isObject(one)) return [];
    const reward = membersOf(member(one, 'reward'));
    const [login, when, rewardId] = [textOf(member(one, 'username')), textOf(member(one, 'when')), textOf(member(reward, 'id'))];
    return [
      {
        key: keyOf(JSON.stringify([login, when, rewardId])),
        index,
        members: one,
        login,
        viewer: textOf(member(one, 'display_name')) || login,
        rewardId,
        reward: textOf(member(reward, 'name')) || rewardId,
        price: whole(member(reward, 'price')),
        request: textOf(member(one, 'request_text')),
        when,
        atMs: Date.parse(when),
      },
    ];
  });
}

/** Puts them in an order; those that are the same in it, newest first. */
export function sortQueue(redeems: Redeem[], column: Column, isDescending: boolean): Redeem[] {
  const byTime = (one: Redeem, other: Redeem): number => (one.atMs || 0) - (other.atMs || 0) || one.index - other.index;
  return redeems.toSorted((one, other) => {
    const order = column === 'when' ? byTime(one, other) : one[column].localeCompare(other[column]);
    return (isDescending ? -order : order) || byTime(other, one);
  });
}

/** What names a redeem to the server. */
export function nameOf({ login, when, rewardId }: Redeem): Members {
  return { username: login, when, reward: { id: rewardId } };
}

/** Puts one back that was taken out, at its place. */
export function putBack({ index, members }: Redeem): Promise<void> {
  return changeList(QUEUE, (all) => all.toSpliced(index, 0, members));
}

// --- balances ---

export interface Balance {
  key: string;
  login: string;
  name: string;
  points: number;
}

/** The answer of `loyalty/@top`. */
export interface Standings {
  viewers: { login: string; display_name: string; points: number }[];
  count: number;
}

export function pointsKey(login: string): string {
  return POINTS + segment(login);
}

export function readBalance(key: string, text: string): Balance {
  const members = readMembers(text) ?? {};
  const login = unsegment(key.slice(POINTS.length));
  return { key, login, name: textOf(member(members, 'display_name')) || login, points: whole(member(members, 'points')) };
}

/** Sets a balance, and leaves what else is known of the viewer. */
export async function setBalance(login: string, points: number): Promise<void> {
  const key = pointsKey(login);
  await hub().setJson(key, withMembers(readMembers(await hub().get(key)) ?? {}, { points }));
}

interface Browsed {
  keys: { key: string; size: number; preview: string }[];
  next: string | null;
}

/** A page of balances whose logins contain some text, by login. */
export async function fetchBalances(sought: string, after: string | null, limit: number): Promise<{ items: Balance[]; next: string | null }> {
  const wanted = sought.trim().replace(/^@/, '').toLowerCase();
  // The search looks at whole keys, of which the beginning is the same for all.
  const page = await hub().call<Browsed>('stagedoor/@browse', {
    prefix: POINTS,
    search: segment(wanted),
    limit,
    ...(after === null ? {} : { after }),
  });
  const found = page.keys.filter(({ key }) => unsegment(key.slice(POINTS.length)).toLowerCase().includes(wanted));
  const items = await Promise.all(
    found.map(async ({ key, preview }) => readBalance(key, readText(preview).fault ? await hub().get(key) : preview)),
  );
  return { items, next: page.next };
}

export function whole(value: unknown): number {
  const number = numberOf(value);
  return number !== undefined && Number.isSafeInteger(number) ? number : 0;
}
