/** What is known of keys: the server's catalogue, and the way from a key to its entry. */

import { shapeOf, isObject, type Schema } from '../../ui/schema';

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

/** A value that a schema allows, with every member, to show what one looks like. */
export function exampleOf(schema: Schema, root: Schema = schema, depth = 0): unknown {
  const { kind, schema: found, choices, variants } = shapeOf(schema, root);
  if ('default' in found) return found.default;
  if (Array.isArray(found['examples']) && found['examples'].length > 0) return found['examples'][0];
  switch (kind) {
    case 'choice':
      return choices[0] ?? null;
    case 'number':
      return found.minimum ?? 0;
    case 'flag':
      return false;
    case 'list':
      return depth > 6 ? [] : [exampleOf(found.items ?? true, root, depth + 1)];
    case 'object':
      if (depth > 6) return {};
      return Object.fromEntries(
        Object.entries(found.properties ?? {}).map(([name, member]) => [name, exampleOf(member, root, depth + 1)]),
      );
    case 'map':
      return depth > 6 ? {} : { name: exampleOf(found.additionalProperties ?? true, root, depth + 1) };
    case 'union':
      return exampleOf(variants[0] ?? true, root, depth + 1);
    case 'json':
      return found.type === 'array' ? [] : {};
    case 'text':
    case 'value':
      return '';
  }
}

/** A value without the members that are the owner's alone: they are there, and empty. */
export function withhold(text: string, { secret_members: names }: Entry): string {
  return changeMembers(text, names, () => '');
}

/** A value whose withheld members are filled from the whole one where they were left empty. */
export function fillIn(text: string, whole: string, { secret_members: names }: Entry): string {
  const stored = readObject(whole);
  return changeMembers(text, names, (name, value) => (value === '' ? (stored?.[name] ?? '') : value));
}

function changeMembers(text: string, names: string[], change: (name: string, value: unknown) => unknown): string {
  const members = names.length > 0 ? readObject(text) : null;
  if (!members) return text;
  return JSON.stringify(
    Object.fromEntries(
      Object.entries(members).map(([name, value]) => [name, names.includes(name.toLowerCase()) ? change(name, value) : value]),
    ),
  );
}

function readObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}
