/** What the keys of the chat hold, changed as it is now: other programs write it, too. */

import { hub } from '../../session.svelte';
import { readMembers, type Members } from '../../ui/members';
import { isSame } from '../../ui/schema';

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
