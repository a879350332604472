/** What was let happen from this window; it stays while another page is shown. */

import { hub } from '../../session.svelte';
import { SIMULATE, type Notification } from './twitch';

export interface Try {
  n: number;
  atMs: number;
  topic: string;
  /** What was changed of the sample. */
  given: Record<string, unknown>;
  made: Notification;
}

const MAX_TRIES = 20;

class Tries {
  /** Newest first. */
  all: Try[] = $state.raw([]);
  #next = 0;

  /** Lets Twitch tell something that it has not told. */
  async make(topic: string, given: Record<string, unknown>): Promise<void> {
    const made = await hub().call<Notification>(SIMULATE, { topic, event: given });
    this.all = [{ n: this.#next++, atMs: Date.now(), topic, given, made }, ...this.all].slice(0, MAX_TRIES);
  }
}

export const tries = new Tries();
