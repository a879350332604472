/** The doors' stored settings, with their passwords: changes are told without those, so each is a reason to read anew. */

import { t } from '../../i18n/index.svelte';
import { isLost } from '../../kilovolt';
import { hear, type Live } from '../../live.svelte';
import { hub, session } from '../../session.svelte';
import { problemText } from '../../ui/problem';

class Config<T> implements Live<T> {
  value: T | null = $state.raw(null);
  loaded = $state(false);
  problem: string | null = $state(null);

  #asked = 0;

  constructor(private readonly key: string) {}

  refresh = (): void => {
    if (session.line !== 'open') return;
    const turn = ++this.#asked;
    hub()
      .getJson<T>(this.key)
      .then(
        (value) => {
          if (turn !== this.#asked) return;
          this.value = value;
          this.problem = value === null ? t().server.broken(this.key) : null;
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

/** Follows the settings of a door. Call it while a component is set up. */
export function liveConfig<T>(key: string): Live<T> {
  const config = new Config<T>(key);
  $effect(() => {
    void session.epoch;
    config.refresh();
  });
  hear(key, config.refresh);
  return config;
}

/** Changes some members, and leaves all others as they are now: another program may have written meanwhile. */
export async function changeConfig<T extends object>(key: string, change: (now: T) => Partial<T>): Promise<void> {
  const now = await hub().getJson<T>(key);
  if (now === null) throw new Error(t().server.broken(key));
  await hub().setJson(key, { ...now, ...change(now) });
}
