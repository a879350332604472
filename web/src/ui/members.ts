/** Stored objects, read as generously as the server reads them, and changed with care for what nobody here knows. */

import { readText } from './json';
import { isObject } from './schema';

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
