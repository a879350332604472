/**
 * Stored settings, without their secrets: of those it is known whether they are set. What they are is read only when the
 * owner wants to see it, and that is in the audit log.
 */

import { untrack } from 'svelte';
import { t } from './i18n/index.svelte';
import { isLost, readJson, type Kilovolt } from './kilovolt';
import { hear, type Live } from './live.svelte';
import { hub, session } from './session.svelte';
import { problemText } from './ui/problem';
import { isObject } from './ui/schema';

export interface LiveConfig<T> extends Live<T> {
  /** The secret members that there are, which are empty in `value`, and whether they are set. */
  readonly secrets: Secrets;
  /** Counts the times that the settings may have changed: what was read of a secret before need not be true any more. */
  readonly version: number;
}

export type Secrets = Record<string, boolean>;

/** The answer to `stagedoor/@public`. */
interface PublicPart {
  /** `null` when all of it is secret. */
  value: string | null;
  secrets: Secrets;
}

class Config<T> implements LiveConfig<T> {
  value: T | null = $state.raw(null);
  secrets: Secrets = $state.raw({});
  version = $state(0);
  loaded = $state(false);
  problem: string | null = $state(null);

  #asked = 0;

  constructor(
    private readonly key: string,
    private readonly absent: T | null,
  ) {}

  changed = (): void => {
    this.version += 1;
    this.refresh();
  };

  refresh = (): void => {
    if (session.line !== 'open') return;
    const turn = ++this.#asked;
    readPublic(hub(), this.key).then(
      ({ value, secrets }) => {
        if (turn !== this.#asked) return;
        this.value = read(value, this.absent);
        this.secrets = secrets;
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
export function liveConfig<T>(key: string, absent: T | null = null): LiveConfig<T> {
  const config = new Config<T>(key, absent);
  $effect(() => {
    void session.epoch;
    untrack(config.changed);
  });
  hear(key, config.changed);
  return config;
}

/** What of a key is no secret, and which of its secrets are set. */
export async function readPublic(line: Kilovolt, key: string): Promise<PublicPart> {
  return line.call<PublicPart>('stagedoor/@public', { key });
}

/** A secret, because the owner wants to see or to copy it; empty when there is none. */
export async function readSecret(key: string, name: string): Promise<string> {
  const members = readJson(await hub().get(key));
  const secret = isObject(members) ? members[name] : undefined;
  return typeof secret === 'string' ? secret : '';
}

/** Changes some members, and leaves all others as they are now: another program may have written meanwhile. */
export async function changeConfig<T extends object>(
  key: string,
  change: (now: T) => Partial<T>,
  absent: T | null = null,
): Promise<void> {
  const { value, secrets } = await readPublic(hub(), key);
  const now = read(value, absent);
  if (now === null) throw new Error(t().form.broken(key));
  const known = Object.entries(now).filter(([name]) => !Object.hasOwn(secrets, name));
  await hub().setKeepingSecrets(key, JSON.stringify({ ...Object.fromEntries(known), ...change(now) }));
}

function read<T>(text: string | null, absent: T | null): T | null {
  if (text === '') return absent;
  const value = readJson<T>(text ?? '');
  return isObject(value) ? value : null;
}
