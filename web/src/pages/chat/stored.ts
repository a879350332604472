/** What the keys of the chat hold: read as generously as the server does, changed with care for what nobody here knows. */

import { hub } from '../../session.svelte';
import { readText } from '../../ui/json';
import { isObject, isSame } from '../../ui/schema';

export type Members = Record<string, unknown>;

/** The object that a text holds, an empty one for none; `null` when it holds something else. */
export function readMembers(text: string): Members | null {
  const { value, fault } = readText(text.trim() === '' ? '{}' : text);
  if (fault) return null;
  return value === null ? {} : isObject(value) ? value : null;
}

/** A member by its name. As for the server, case makes no difference, and `null` is as good as absent. */
export function member(members: Members, name: string): unknown {
  if (Object.hasOwn(members, name)) return members[name] ?? undefined;
  const other = Object.keys(members).find((one) => one.toLowerCase() === name.toLowerCase());
  return other === undefined ? undefined : (members[other] ?? undefined);
}

/** Other members; what is `undefined` goes, and what is not named stays as and where it is. */
export function withMembers(members: Members, changes: Members): Members {
  const names = Object.keys(changes);
  const left = Object.entries(members)
    .filter(([name]) => names.includes(name) || !names.some((one) => one.toLowerCase() === name.toLowerCase()))
    .map(([name, value]): [string, unknown] => [name, Object.hasOwn(changes, name) ? changes[name] : value]);
  const added = Object.entries(changes).filter(([name]) => !Object.hasOwn(members, name));
  return Object.fromEntries([...left, ...added].filter(([, value]) => value !== undefined));
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

export function membersOf(value: unknown): Members {
  return isObject(value) ? value : {};
}

/** What both have changed, put together; of a member that both did, mine. */
export function merge(base: Members, mine: Members, theirs: Members): { merged: Members; isConflict: boolean } {
  let isConflict = false;
  const merged: [string, unknown][] = [];
  for (const name of new Set([...Object.keys(theirs), ...Object.keys(mine)])) {
    const [before, here, there] = [base, mine, theirs].map((one) => (Object.hasOwn(one, name) ? one[name] : undefined));
    const isMine = !isSame(here, before);
    if (isMine && !isSame(there, before) && !isSame(there, here)) isConflict = true;
    const value = isMine ? here : there;
    if (value !== undefined) merged.push([name, value]);
  }
  return { merged: Object.fromEntries(merged), isConflict };
}

/** Changes what a key holds as it is now, which may be news. Throws `reason` when it cannot be read, and leaves it. */
export async function change(key: string, reason: string, how: (now: Members) => Members): Promise<void> {
  const now = readMembers(await hub().get(key));
  if (now === null) throw new Error(reason);
  await hub().setJson(key, how(now));
}

/** Puts an entry in its place, under a name that may be another one; without an entry, it goes. */
export function replaceEntry(entries: Members, name: string, newName: string, entry: unknown): Members {
  const put: [string, unknown][] = entry === undefined ? [] : [[newName, entry]];
  const all = Object.entries(entries).flatMap(([one, value]): [string, unknown][] => (one === name ? put : one === newName ? [] : [[one, value]]));
  return Object.fromEntries(Object.hasOwn(entries, name) ? all : [...all, ...put]);
}

/** Whether two names are the same to the chat, which hears words without regard to case. */
export function isSameName(one: string, other: string): boolean {
  const plain = (name: string): string => name.trim().replace(/\s+/g, ' ').toLowerCase();
  return plain(one) === plain(other);
}
