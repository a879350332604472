/** What the server says about actions. */

import { segment, unsegment } from '../../prefix.svelte';
import { writeText } from '../../ui/json';
import { saveFile } from '../../ui/saveFile';
import { isObject, join, type Problem, type Schema } from '../../ui/schema';

export const ACTIONS = 'action/';

/** A type of step or of trigger. */
export interface PartType {
  type: string;
  title: string;
  description?: string;
  group: string;
  schema: Schema;
}

export interface Forms {
  action: Schema;
  steps: PartType[];
  triggers: PartType[];
}

/** An action as it is stored; what is no action at all has no name. */
export interface Listed {
  id: string;
  key: string;
  text: string;
  name: string;
  group: string;
  isEnabled: boolean;
  steps: number;
  /** Whether it can be read as far as a list needs it. */
  isReadable: boolean;
}

export function actionKey(id: string): string {
  return ACTIONS + segment(id);
}

/** The id of the action that a key holds; `null` for what else is below the prefix. */
export function actionId(key: string): string | null {
  const part = key.slice(ACTIONS.length);
  return part === '' || part.includes('/') || part.startsWith('@') ? null : unsegment(part);
}

export function readListed(id: string, key: string, text: string): Listed {
  let stored: unknown = null;
  try {
    stored = JSON.parse(text);
  } catch {
    // Shown as what cannot be read.
  }
  const members = isObject(stored) ? stored : {};
  const { name, group, enabled, steps } = members;
  return {
    id,
    key,
    text,
    name: typeof name === 'string' ? name : '',
    group: typeof group === 'string' ? group : '',
    isEnabled: enabled !== false,
    steps: Array.isArray(steps) ? steps.length : 0,
    isReadable: isObject(stored),
  };
}

/** A stored action as `stagedoor action export` writes it: with its id. */
export function exported({ id, text }: Listed): Record<string, unknown> {
  const members = JSON.parse(text) as Record<string, unknown>;
  return 'id' in members ? { ...members, id } : { id, ...members };
}

/** What the server's check says, such as ``steps[2].ms: Expected `int` ``, with its place. */
export function readProblem(text: string): Problem {
  const [, place = '', what = text] = /^([A-Za-z_$][\w$]*(?:\[\d+\]|\.[\w$]+)*): (.*)$/s.exec(text) ?? [];
  const path = [...place.matchAll(/[\w$]+/g)].reduce((whole, [part]) => join(whole, part), '');
  const missing = /missing required field `([^`]+)`/.exec(what)?.[1];
  return { path: missing === undefined ? path : join(path, missing), text: what };
}

/** The forms with what people read in them in another language. */
export function translated<T>(forms: T, words: Record<string, string>): T {
  const isShown = (name: string): boolean => ['title', 'description', 'group'].includes(name);
  return JSON.parse(JSON.stringify(forms), (name, value: unknown) =>
    isShown(name) && typeof value === 'string' && Object.hasOwn(words, value) ? words[value] : value,
  ) as T;
}

/** A new id, as the command line makes them. */
export function newId(): string {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  // Browsers have the function on safe origins only, which another machine's address is not.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** The name of a copy. */
export function copyName(name: string, taken: Set<string>): string {
  const stem = name.replace(/ \(\d+\)$/, '');
  let number = 2;
  while (taken.has(`${stem} (${number})`)) number += 1;
  return `${stem} (${number})`;
}

/** Gives a file to the browser's downloads. */
export function download(name: string, content: unknown): void {
  saveFile(name, new Blob([`${writeText(content)}\n`], { type: 'application/json' }));
}

/** Things by their group, in the order in which groups appear. */
export function byGroup<T extends { group: string }>(all: T[]): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const one of all) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return [...groups];
}
