/** What pages show of the hub, kept up to date: also over a reconnection, and only while the page is there. */

import { isLost, readJson } from './kilovolt';
import { session } from './session.svelte';
import { problemText } from './ui/problem';

export interface Live<T> {
  /** `null` before the first answer, and when there is nothing. */
  readonly value: T | null;
  readonly loaded: boolean;
  /** Why there is no newer value, if so. */
  readonly problem: string | null;
  /** Reads it anew, now. */
  refresh(): void;
}

class Box<T> implements Live<T> {
  value: T | null = $state.raw(null);
  loaded = $state(false);
  problem: string | null = $state(null);
  refresh: () => void = () => undefined;

  take(value: T | null): void {
    this.value = value;
    this.loaded = true;
    this.problem = null;
  }

  fail(error: unknown): void {
    // A lost connection has its own banner, and this is asked anew after it.
    if (isLost(error)) return;
    this.loaded = true;
    this.problem = problemText(error);
  }
}

/** A key that holds JSON; what is none is `null`. Call it while a component is set up. */
export function liveKey<T>(key: string, read: (text: string) => T | null = readJson<T>): Live<T> {
  return follow(key, read);
}

/** A key's text, for whom it matters whether it is JSON; the empty text when there is none. */
export function liveText(key: string): Live<string> {
  return follow(key, (text) => text);
}

function follow<T>(key: string, read: (text: string) => T | null): Live<T> {
  const box = new Box<T>();
  $effect(() => {
    void session.epoch;
    const { hub } = session;
    if (!hub || hub.state !== 'open') return undefined;
    let isOver = false;
    let wasPushed = false;
    const unsubscribe = hub.subscribe(key, (text) => {
      wasPushed = true;
      box.take(read(text));
    });
    box.refresh = () => {
      hub.get(key).then(
        (text) => {
          if (!isOver && !wasPushed) box.take(read(text));
        },
        (error: unknown) => {
          if (!isOver && !wasPushed) box.fail(error);
        },
      );
    };
    box.refresh();
    return () => {
      isOver = true;
      unsubscribe();
    };
  });
  return box;
}

/** The answer of a service, asked again every `everyMs` while the page is visible. `question` may be reactive. */
export function liveCall<T>(key: string, everyMs: number | null = null, question: () => unknown = () => ({})): Live<T> {
  const box = new Box<T>();
  $effect(() => {
    void session.epoch;
    const { hub } = session;
    const value = question();
    if (!hub || hub.state !== 'open') return undefined;
    let isOver = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let asked = 0;
    const ask = (): void => {
      // Whoever still holds `refresh` must not set it going again.
      if (isOver) return;
      clearTimeout(timer);
      const turn = ++asked;
      hub.call<T>(key, value).then(
        (answer) => {
          if (!isOver && turn === asked) box.take(answer);
        },
        (error: unknown) => {
          if (!isOver && turn === asked) box.fail(error);
        },
      );
      if (everyMs !== null) timer = setTimeout(() => (document.hidden ? wait() : ask()), everyMs);
    };
    const wait = (): void => document.addEventListener('visibilitychange', ask, { once: true });
    box.refresh = ask;
    ask();
    return () => {
      isOver = true;
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', ask);
    };
  });
  return box;
}

/** Hears events (or writes) below a prefix, or of one key, while the component is there. */
export function hear(name: string, listener: (text: string, key: string) => void, isPrefix = false): void {
  $effect(() => {
    const { hub } = session;
    if (!hub) return undefined;
    return isPrefix ? hub.subscribePrefix(name, listener) : hub.subscribe(name, listener);
  });
}
