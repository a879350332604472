/** What is known of keys: the server's catalogue, and the way from a key to its entry. */

import type { Secrets } from '../../config.svelte';
import { readText } from '../../ui/json';
import { isObject, type Schema } from '../../ui/schema';
import { indent } from './jsonText';

export type KeyKind = 'state' | 'event' | 'request' | 'secret';
export type Audience = 'everyone' | 'proven' | 'owner';

/** An entry of `stagedoor/@catalogue`. */
export interface Entry {
  /** A key, of which segments may be `<placeholders>`. */
  pattern: string;
  kind: KeyKind;
  summary: string;
  /** Empty when any text will do. */
  schema: Schema;
  default: string | null;
  /** A value as it could be; of a request, what is asked, which may be nothing. Of a secret there is none. */
  example: string | null;
  /** What a request could answer to that. */
  answer: string | null;
  owner: string;
  readers: Audience;
  listers: Audience;
  writers: Audience;
  /** Members that are the owner's alone, in lower case. */
  secret_members: string[];
  stored_in_memory: boolean;
}

/** What holds for a key that the catalogue does not list; its kind follows from its form, as in the server. */
function unlisted(kind: KeyKind): Entry {
  return {
    pattern: '',
    kind,
    summary: '',
    schema: {},
    default: null,
    example: null,
    answer: null,
    owner: '',
    readers: 'everyone',
    listers: 'everyone',
    writers: 'everyone',
    secret_members: [],
    stored_in_memory: false,
  };
}

const UNLISTED = { state: unlisted('state'), event: unlisted('event'), request: unlisted('request') };

export class Catalogue {
  #exact = new Map<string, Entry>();
  #families: { segments: string[]; entry: Entry }[] = [];

  constructor(readonly entries: Entry[]) {
    for (const entry of entries) {
      if (entry.pattern.includes('<')) this.#families.push({ segments: entry.pattern.split('/'), entry });
      else this.#exact.set(entry.pattern, entry);
    }
  }

  get(pattern: string): Entry | undefined {
    return this.entries.find((entry) => entry.pattern === pattern);
  }

  /** The entry of a key; one without a pattern when nobody has described it. */
  resolve(key: string): Entry {
    const exact = this.#exact.get(key);
    if (exact) return exact;
    const segments = key.split('/');
    const isRequest = segments.at(-1)?.startsWith('@') === true;
    const family = this.#families.find(
      ({ segments: pattern, entry }) =>
        pattern.length === segments.length &&
        (entry.kind === 'request') === isRequest &&
        pattern.every((part, index) => part.startsWith('<') || part === segments[index]),
    );
    if (family) return family.entry;
    if (isRequest) return UNLISTED.request;
    return segments.includes('ev') || (segments[0] === 'event' && segments.length > 1) ? UNLISTED.event : UNLISTED.state;
  }
}

/** Whether a schema says anything. */
export function hasSchema({ schema }: Entry): boolean {
  return isObject(schema) && Object.keys(schema).length > 0;
}

/** A value as people like to read it: JSON on lines of its own. */
export function layOut(text: string): string {
  return readText(text).fault ? text : indent(text);
}

/** A value as it could be; `null` where nobody knows one, or nothing is to be written. */
export function exampleText({ example }: Entry): string | null {
  return example ? layOut(example) : null;
}

/** Whether what is written is text as it is, and no JSON. */
export function isPlain(entry: Entry): boolean {
  return !hasSchema(entry) && !!entry.example && readText(entry.example).fault !== undefined;
}

/** A value without those secret members that are set and were left empty; the same text when there is none. */
export function leaveOut(text: string, secrets: Secrets): string {
  const set = Object.keys(secrets).filter((name) => secrets[name]);
  const members = set.length > 0 ? readObject(text) : null;
  if (!members) return text;
  const names = set.map((name) => name.toLowerCase());
  const all = Object.entries(members);
  const left = all.filter(([name, value]) => value !== '' || !names.includes(name.toLowerCase()));
  return left.length === all.length ? text : JSON.stringify(Object.fromEntries(left));
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
