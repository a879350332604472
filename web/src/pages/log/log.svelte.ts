/** The lines of stagedoor's log that this browser has seen. It goes on while another page is shown. */

import { readJson, type Kilovolt } from '../../kilovolt';
import { problemText } from '../../ui/problem';

export const LEVELS = ['debug', 'info', 'warning', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface Line {
  at_ms: number;
  level: Level;
  logger: string;
  message: string;
}

export const MAX_LINES = 5_000;
const LOG = 'stagedoor/@log';
const LOGGED = 'stagedoor/ev/log';

/** Where the browser keeps how far its owner has read. */
const SEEN = 'stagedoor.logSeen';

/** How long lines are gathered before they are shown together. */
const GATHER_MS = 80;

export class Log {
  /** All that are kept, oldest first. */
  all: Line[] = $state.raw([]);
  loaded = $state(false);
  problem: string | null = $state(null);
  /** Until when the owner has seen all, in Unix milliseconds. */
  seenMs = $state(Number(localStorage.getItem(SEEN)) || 0);
  /** Warnings and errors since then. */
  readonly fresh = $derived(this.all.filter(({ at_ms, level }) => at_ms > this.seenMs && isGrave(level)).length);

  #hub: Kilovolt | null = null;
  #batch: Line[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How often each line of the last answer may still be pushed: its newest ones are answered first. */
  #answered = new Map<string, number>();

  constructor() {
    addEventListener('storage', (event) => {
      if (event.key === SEEN) this.seenMs = Number(event.newValue) || 0;
    });
  }

  /** Reads what there is and hears what comes, over an open connection; returns what ends it. */
  follow(hub: Kilovolt): () => void {
    if (hub !== this.#hub) {
      this.all = [];
      this.loaded = false;
    }
    this.#hub = hub;
    this.#batch = [];
    let isAnswered = false;
    let isOver = false;
    const unsubscribe = hub.subscribe(LOGGED, (text) => {
      const line = readJson<Line>(text);
      if (line === null) return;
      this.#batch.push(line);
      if (this.#batch.length > 2 * MAX_LINES) this.#batch.splice(0, this.#batch.length - MAX_LINES);
      if (isAnswered) this.#timer ??= setTimeout(() => this.#flush(), GATHER_MS);
    });
    hub.call<Line[]>(LOG).then(
      (lines) => {
        if (isOver) return;
        isAnswered = true;
        this.problem = null;
        this.loaded = true;
        this.all = [...this.all, ...without(lines, count(this.all))].slice(-MAX_LINES);
        this.#answered = count(lines);
        this.#flush();
      },
      (error: unknown) => {
        if (isOver || hub.state !== 'open') return;
        isAnswered = true;
        this.loaded = true;
        this.problem = problemText(error);
      },
    );
    return () => {
      isOver = true;
      unsubscribe();
      clearTimeout(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Notes that the owner has seen the log as it is. */
  look(): void {
    const last = this.all.reduce((latest, { at_ms }) => Math.max(latest, at_ms), 0);
    if (last <= this.seenMs) return;
    this.seenMs = last;
    localStorage.setItem(SEEN, String(last));
  }

  #flush(): void {
    this.#timer = undefined;
    const lines = without(this.#batch, this.#answered);
    // Lines are pushed in their order: after one that is new, all are.
    if (lines.length > 0) this.#answered.clear();
    this.#batch = [];
    if (lines.length > 0) this.all = [...this.all, ...lines].slice(-MAX_LINES);
  }
}

export function isGrave(level: Level): boolean {
  return level === 'warning' || level === 'error';
}

/** The part of stagedoor that a line comes from, in short. */
export function partOf(line: Line): string {
  return line.logger.replace(/^stagedoor\./, '');
}

/** Lines as text, one each. */
export function toText(lines: Line[]): string {
  return lines
    .map((line) => `${new Date(line.at_ms).toISOString()} ${line.level.padEnd(7)} ${partOf(line)}: ${line.message}`)
    .join('\n');
}

function identity(line: Line): string {
  return `${line.at_ms} ${line.level} ${line.logger} ${line.message}`;
}

function count(lines: Line[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(identity(line), (counts.get(identity(line)) ?? 0) + 1);
  return counts;
}

/** The lines that are not among those counted, which are used up. */
function without(lines: Line[], counts: Map<string, number>): Line[] {
  return lines.filter((line) => {
    const left = counts.get(identity(line)) ?? 0;
    if (left > 0) counts.set(identity(line), left - 1);
    return left === 0;
  });
}

export const log = new Log();
