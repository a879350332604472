/** The entries of the audit log that this page has seen, newest first. */

import { readJson, type Kilovolt } from '../../kilovolt';
import { problemText } from '../../ui/problem';

export type Facts = Record<string, unknown>;

/** An entry of the audit log. */
export interface Entry {
  n: number;
  at_ms: number;
  kind: string;
  facts: Facts;
  /** The hash of the entry before. */
  previous: string;
  hash: string;
}

interface Page {
  entries: Entry[];
  /** Where the next page begins; `null` at the end. */
  next: number | null;
  total: number;
  since_ms: number | null;
  problem: string | null;
}

/** Which entries are wanted; all, where nothing is said. */
export interface Wanted {
  kinds: readonly string[];
  search: string;
}

const AUDIT = 'stagedoor/@audit';
const AUDITED = 'stagedoor/ev/audit';

/** The kind of an entry that tells of the log itself. */
const BROKEN = 'broken';

/** How long entries are gathered before they are shown together. */
const GATHER_MS = 80;

/** So many more than what is looked at are fetched. */
const AHEAD = 50;

export class Audit {
  entries: Entry[] = $state.raw([]);
  loaded = $state(false);
  /** Why there are no more, if they could not be fetched. */
  failure: string | null = $state(null);
  /** What is wrong with the log itself. */
  problem: string | null = $state(null);
  total = $state(0);
  sinceMs: number | null = $state(null);
  /** How many entries were ever put before the first one. */
  grown = $state(0);
  #next: number | null = $state(null);
  #wantedRow = 0;
  #isAsking = false;
  #turn = 0;
  #hub: Kilovolt | null = null;
  #filter: Wanted = { kinds: [], search: '' };

  /** Whether older entries are still to be fetched. */
  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Reads the newest entries and hears what comes, over an open connection; returns what ends it. */
  follow(hub: Kilovolt, filter: Wanted): () => void {
    const isSame = hub === this.#hub && JSON.stringify(filter) === JSON.stringify(this.#filter);
    this.#hub = hub;
    this.#filter = filter;
    const turn = ++this.#turn;
    if (!isSame) this.#forget();
    let batch: Entry[] = [];
    let isAnswered = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const flush = (): void => {
      timer = undefined;
      this.#put(batch);
      batch = [];
    };
    const unsubscribe = hub.subscribe(AUDITED, (text) => {
      const entry = readJson<Entry>(text);
      if (entry === null) return;
      // What came before the answer is counted in it.
      if (isAnswered) this.total += 1;
      if (entry.kind === BROKEN) void this.#lookAgain(hub);
      if (!accepts(filter, entry)) return;
      batch.push(entry);
      if (isAnswered) timer ??= setTimeout(flush, GATHER_MS);
    });
    this.#ask(null).then(
      (page) => {
        if (turn !== this.#turn) return;
        isAnswered = true;
        this.#begin(page);
        flush();
        void this.want(this.#wantedRow);
      },
      (error: unknown) => this.#fail(error, turn, hub),
    );
    return () => {
      this.#turn += 1;
      unsubscribe();
      clearTimeout(timer);
    };
  }

  /** Makes sure that a row will be there, if there are so many. */
  async want(row: number): Promise<void> {
    this.#wantedRow = row;
    if (this.#isAsking || !this.loaded || !this.#hub) return;
    const turn = this.#turn;
    this.#isAsking = true;
    try {
      // A page may hold nothing that fits while there is more to search.
      while (turn === this.#turn && this.#next !== null && this.entries.length < this.#wantedRow + AHEAD) {
        const page = await this.#ask(this.#next);
        if (turn !== this.#turn) break;
        this.entries = [...this.entries, ...page.entries];
        this.#next = page.next;
        this.failure = null;
      }
    } catch (error) {
      this.#fail(error, turn, this.#hub);
    } finally {
      this.#isAsking = false;
    }
  }

  #ask(before: number | null): Promise<Page> {
    const { kinds, search } = this.#filter;
    const hub = this.#hub as Kilovolt;
    return hub.call<Page>(AUDIT, { kinds, search, ...(before === null ? {} : { before }) });
  }

  /** Asks what is wrong with the log, or is no more. */
  async #lookAgain(hub: Kilovolt): Promise<void> {
    const page = await hub.call<Page>(AUDIT, { limit: 1 }).catch(() => null);
    if (page && hub === this.#hub) this.problem = page.problem;
  }

  #begin(page: Page): void {
    this.loaded = true;
    this.failure = null;
    this.problem = page.problem;
    this.total = page.total;
    this.sinceMs = page.since_ms;
    const newest = this.entries[0]?.n ?? 0;
    const oldest = page.entries.at(-1)?.n ?? 0;
    // After a lost connection, what was read stays where it is, unless too much has come meanwhile.
    if (this.entries.length > 0 && (page.next === null || oldest <= newest)) {
      this.#put([...page.entries].reverse());
    } else {
      this.entries = page.entries;
      this.#next = page.next;
    }
  }

  /** Puts entries, oldest first, before those that are there. */
  #put(entries: Entry[]): void {
    const newest = this.entries[0]?.n ?? 0;
    const fresh = entries.filter(({ n }) => n > newest).reverse();
    if (fresh.length === 0) return;
    this.entries = [...fresh, ...this.entries];
    this.grown += fresh.length;
  }

  #forget(): void {
    this.entries = [];
    this.loaded = false;
    this.#next = null;
    this.#wantedRow = 0;
  }

  #fail(error: unknown, turn: number, hub: Kilovolt): void {
    // A lost connection has its own banner, and this is asked anew after it.
    if (turn !== this.#turn || hub.state !== 'open') return;
    this.loaded = true;
    this.failure = problemText(error);
  }
}

/** Whether an entry is wanted, as the server decides it. */
export function accepts({ kinds, search }: Wanted, { kind, facts }: Entry): boolean {
  if (kinds.length > 0 && !kinds.includes(kind)) return false;
  return [kind, ...Object.values(facts).map(textOf)].join(' ').toLowerCase().includes(search.toLowerCase());
}

/** A fact as text. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(', ');
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value);
}
