/** One key that is open: its value as it is in the hub, and what was heard of it. */

import { untrack } from 'svelte';
import { readPublic, type Secrets } from '../../config.svelte';
import { hub, session } from '../../session.svelte';
import { problemText } from '../../ui/problem';
import { leaveOut, type Entry } from './catalogue';
import { changesOf, note, type Change } from './changes.svelte';

export class Watched {
  /** The value, without what is withheld. */
  text = $state.raw('');
  exists = $state(false);
  loaded = $state(false);
  problem: string | null = $state(null);
  changes: Change[] = $state.raw([]);
  /** When it last changed while it was looked at. */
  changedAtMs: number | null = $state(null);

  #frame = 0;
  #isOver = false;
  /** Counts the pushes, so that an answer that is older than one is not taken. */
  #pushes = 0;

  /** Call it while a component is set up. */
  constructor(
    readonly key: string,
    private readonly entry: Entry,
  ) {
    this.changes = changesOf(key);
    $effect(() => {
      void session.epoch;
      const line = session.hub;
      if (!line || line.state !== 'open') return undefined;
      this.#isOver = false;
      const unsubscribe = line.subscribe(key, (text) => this.#hear(text));
      untrack(() => void this.read());
      return () => {
        this.#isOver = true;
        unsubscribe();
        cancelAnimationFrame(this.#frame);
        this.#frame = 0;
      };
    });
  }

  get isWithheld(): boolean {
    return this.entry.kind === 'secret';
  }

  /** What is stored, but for its secrets, of which there is only whether they are set. */
  async look(): Promise<{ text: string; secrets: Secrets }> {
    if (!this.#hasSecrets) return { text: await hub().get(this.key), secrets: {} };
    const { value, secrets } = await readPublic(hub(), this.key);
    return { text: value ?? '', secrets };
  }

  /** Writes a value; secrets that it leaves empty stay as they are. */
  async write(text: string): Promise<void> {
    const known = this.#hasSecrets ? leaveOut(text, (await this.look()).secrets) : text;
    await (known === text ? hub().set(this.key, text) : hub().setKeepingSecrets(this.key, known));
  }

  get #hasSecrets(): boolean {
    return this.entry.secret_members.length > 0;
  }

  async read(): Promise<void> {
    const before = this.#pushes;
    try {
      const text = this.isWithheld || this.entry.kind === 'request' ? '' : (await this.look()).text;
      const exists = text !== '' || (await this.#isThere());
      if (this.#isOver || before !== this.#pushes) return;
      this.take(text, exists);
      if (exists && this.changes.length === 0 && this.entry.kind !== 'request') {
        this.changes = note(this.key, this.isWithheld ? null : this.text, true);
      }
      this.problem = null;
    } catch (error) {
      if (session.line === 'open') this.problem = problemText(error);
    }
    this.loaded = true;
  }

  take(text: string, exists: boolean): void {
    this.text = text;
    this.exists = exists;
  }

  /** Whether there is such a key. An empty value and none look the same otherwise. */
  async #isThere(): Promise<boolean> {
    if (this.entry.kind === 'request') return false;
    const { keys } = await hub().call<{ keys: { key: string }[] }>('stagedoor/@browse', { prefix: this.key, limit: 1 });
    return keys[0]?.key === this.key;
  }

  #hear(text: string): void {
    this.#pushes += 1;
    // A push tells members that are withheld as empty, too; a key may also have lost them.
    if (text !== '' || this.entry.kind === 'event' || this.entry.kind === 'request') {
      this.#heard(text, true);
      return;
    }
    const pushes = this.#pushes;
    void this.#isThere().then(
      (exists) => {
        if (!this.#isOver && pushes === this.#pushes) this.#heard('', exists);
      },
      () => undefined,
    );
  }

  /** Many changes in a moment are shown as one, and all are noted. */
  #heard(text: string, exists: boolean): void {
    const changes = note(this.key, this.isWithheld || !exists ? null : text);
    const atMs = Date.now();
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.loaded = true;
      this.take(text, exists);
      this.changes = changes;
      this.changedAtMs = atMs;
    });
  }
}
