/** What was heard of keys since the console was opened, and what was begun to be written. */

export interface Change {
  id: number;
  atMs: number;
  /** The value from then on; `null` for a deletion, and for what is withheld. */
  text: string | null;
  /** Whether it is what was there when the key was first opened. */
  isFound: boolean;
}

export interface Draft {
  text: string;
  /** What was stored when it was begun. */
  base: string;
}

/** Of one key. */
const MAX_CHANGES = 100;
const MAX_KEYS = 100;
/** Characters of all changes of one key; a value may be large. */
const MAX_CHARS = 4_000_000;

/** Oldest key first. */
const changes = new Map<string, Change[]>();
export const drafts = new Map<string, Draft>();
let nextId = 0;

// Whichever page is shown when the browser's tab is closed.
addEventListener('beforeunload', (event) => {
  if (drafts.size > 0) event.preventDefault();
});

/** The changes of a key, newest first. */
export function changesOf(key: string): Change[] {
  return changes.get(key) ?? [];
}

export function note(key: string, text: string | null, isFound = false): Change[] {
  const change = { id: nextId++, atMs: Date.now(), text, isFound };
  const all = [change];
  let chars = text?.length ?? 0;
  for (const older of changesOf(key)) {
    chars += older.text?.length ?? 0;
    if (all.length >= MAX_CHANGES || chars > MAX_CHARS) break;
    all.push(older);
  }
  changes.delete(key);
  changes.set(key, all);
  for (const oldest of changes.keys()) {
    if (changes.size <= MAX_KEYS) break;
    changes.delete(oldest);
  }
  return all;
}
