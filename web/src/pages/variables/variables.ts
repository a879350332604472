/** Variables as their keys hold them. */

import { segment, unsegment } from '../../prefix.svelte';
import { isObject } from '../../ui/schema';

export const PLATFORMS = ['twitch', 'youtube', 'kick', 'trovo'];

export interface Variable {
  key: string;
  name: string;
  isPersisted: boolean;
  /** Of a viewer's variable; empty for one of the stream. */
  platform: string;
  userId: string;
  text: string;
  /** What is searched, in lower case. */
  words: string;
}

export interface Stored {
  value: unknown;
  lastWrite?: string;
  userLogin?: string;
  userName?: string;
}

/** Names a variable for the requests about it. */
export interface Address {
  name: string;
  persisted: boolean;
  platform?: string;
  userId?: string;
}

/** Reads which variable a key holds; `null` for a key of another form. */
export function readVariable(key: string, text: string): Variable | null {
  const [prefix, store, ...rest] = key.split('/');
  if (store !== 'persisted' && store !== 'temporary') return null;
  const [platform, userId, name] = prefix === 'user-global' && rest.length === 3 ? rest.map(unsegment) : ['', '', ''];
  const isPersisted = store === 'persisted';
  if (prefix === 'global' && rest.length === 1 && rest[0] !== '' && !rest[0]?.startsWith('@')) {
    const own = unsegment(rest[0] ?? '');
    return { key, name: own, isPersisted, platform: '', userId: '', text, words: own.toLowerCase() };
  }
  if (!platform || userId === undefined || name === undefined) return null;
  const stored = readStored(text);
  const words = `${name}\n${userId}\n${stored?.userName ?? ''}\n${stored?.userLogin ?? ''}`.toLowerCase();
  return { key, name, isPersisted, platform, userId, text, words };
}

/** What is stored under the key; `null` when it is no variable. */
export function readStored(text: string): Stored | null {
  try {
    const stored: unknown = JSON.parse(text);
    return isObject(stored) && 'value' in stored ? (stored as unknown as Stored) : null;
  } catch {
    return null;
  }
}

export function addressOf({ name, isPersisted, platform, userId }: Omit<Variable, 'key' | 'text' | 'words'>): Address {
  return { name, persisted: isPersisted, ...(platform ? { platform, userId } : {}) };
}

export function keyOf({ name, persisted, platform, userId }: Address): string {
  const store = persisted ? 'persisted' : 'temporary';
  if (platform === undefined) return `global/${store}/${segment(name)}`;
  return `user-global/${store}/${segment(platform.toLowerCase())}/${segment(userId ?? '')}/${segment(name)}`;
}

/** A value in one line. */
export function preview(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

/** Puts variables in the order of their names, those of a viewer behind the stream's. */
export function byName(one: Variable, other: Variable): number {
  const [first, second] = [one.name.toLowerCase(), other.name.toLowerCase()];
  // Not by the language's rules: a hundred thousand names have to be put in order at once.
  return first < second ? -1 : first > second ? 1 : one.key < other.key ? -1 : one.key > other.key ? 1 : 0;
}
