/** Stored settings, with their passwords: changes are told without those, so each is a reason to read anew. */

import { t } from './i18n/index.svelte';
import { isLost, readJson } from './kilovolt';
import { hear, type Live } from './live.svelte';
import { hub, session } from './session.svelte';
import { problemText } from './ui/problem';
import { isObject } from './ui/schema';

class Config<T> implements Live<T> {
  value: T | null = $state.raw(null);
  loaded = $state(false);
  problem: string | null = $state(null);

  #asked = 0;

  constructor(
    private readonly key: string,
    private readonly absent: T | null,
  ) {}

  refresh = (): void => {
    if (session.line !== 'open') return;
    const turn = ++this.#asked;
    hub()
      .get(this.key)
      .then(
        (text) => {
          if (turn !== this.#asked) return;
          this.value = read(text, this.absent);
          this.problem = this.value === null ? t().form.broken(this.key) : null;
          this.loaded = true;
        },
        (error: unknown) => {
          // After a lost connection it is asked anew.
          if (turn !== this.#asked || isLost(error)) return;
          this.problem = problemText(error);
          this.loaded = true;
        },
      );
  };
}

/** Follows stored settings; `absent` is what holds while there are none. Call it while a component is set up. */
export function liveConfig<T>(key: string, absent: T | null = null): Live<T> {
  const config = new Config<T>(key, absent);
  $effect(() => {
    void session.epoch;
    config.refresh();
  });
  hear(key, config.refresh);
  return config;
}

/** Changes some members, and leaves all others as they are now: another program may have written meanwhile. */
export async function changeConfig<T extends object>(
  key: string,
  change: (now: T) => Partial<T>,
  absent: T | null = null,
): Promise<void> {
  const now = read(await hub().get(key), absent);
  if (now === null) throw new Error(t().form.broken(key));
  await hub().setJson(key, { ...now, ...change(now) });
}

function read<T>(text: string, absent: T | null): T | null {
  if (text === '') return absent;
  const value = readJson<T>(text);
  return isObject(value) ? value : null;
}
