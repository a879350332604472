/** The latest runs of actions, kept up to date as they change. */

import { hear, liveCall, type Live } from './live.svelte';
import { readJson } from './kilovolt';

export interface RunStep {
  index: number;
  type: string;
  at_ms: number;
  /** `null` while it goes on. */
  duration_ms: number | null;
  problem?: string;
  detail?: string;
}

export interface Run {
  id: string;
  actionId: string;
  name: string;
  source: string;
  trigger?: string;
  at_ms: number;
  duration_ms: number | null;
  state: 'running' | 'done' | 'failed';
  problem?: string;
  args: Record<string, unknown>;
  steps: RunStep[];
}

/** How long changes are gathered before they are shown together. */
const GATHER_MS = 100;

export class Runs {
  /** Newest first. */
  all: Run[] = $state.raw([]);
  readonly listed: Live<Run[]>;
  #changed = new Map<string, Run>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Call it while a component is set up. */
  constructor(private readonly most: number) {
    this.listed = liveCall<Run[]>('action/@runs', null, () => ({ limit: most }));
    hear('action/ev/run', (text) => {
      const run = readJson<Run>(text);
      if (run) this.#take(run);
    });
    $effect(() => {
      const { value } = this.listed;
      if (value) this.all = value;
    });
    $effect(() => () => clearTimeout(this.#timer));
  }

  #take(run: Run): void {
    this.#changed.set(run.id, run);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.all = merge(this.all, this.#changed, this.most);
      this.#changed = new Map();
    }, GATHER_MS);
  }
}

/** Puts what changed in its place, and what is new before the others. */
export function merge(all: Run[], changed: Map<string, Run>, most: number): Run[] {
  const known = new Set(all.map(({ id }) => id));
  const fresh = [...changed.values()].filter(({ id }) => !known.has(id)).reverse();
  return [...fresh, ...all.map((run) => changed.get(run.id) ?? run)].slice(0, most);
}
