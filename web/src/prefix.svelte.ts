/** Every key below a prefix, kept up to date, also over a reconnection. Many changes at once are shown as one. */

import { session } from './session.svelte';
import { problemText } from './ui/problem';

export class Entries {
  loaded = $state(false);
  /** Why they could not be read, if so. */
  problem: string | null = $state(null);
  /** Counts what has happened to `texts`, which is not reactive itself: it may hold a hundred thousand. */
  version = $state(0);
  readonly texts = new Map<string, string>();
}

/**
 * The keys below a prefix, while the component is there; call it while that is set up. `changed` hears of those whose
 * text is another one now or that are gone, before `version` counts on.
 */
export function livePrefix(prefix: string, changed: (keys: Iterable<string>, entries: Entries) => void = () => undefined): Entries {
  const entries = new Entries();
  $effect(() => {
    void session.epoch;
    const { hub } = session;
    if (!hub || hub.state !== 'open') return undefined;
    let isOver = false;
    let isLoading = true;
    let frame: ReturnType<typeof setTimeout> | undefined;
    let pushed = new Map<string, string>();
    const take = (): void => {
      frame = undefined;
      const news = pushed;
      pushed = new Map();
      for (const [key, text] of news) {
        if (text === '') entries.texts.delete(key);
        else entries.texts.set(key, text);
      }
      changed(news.keys(), entries);
      entries.version += 1;
    };
    const unsubscribe = hub.subscribePrefix(prefix, (text, key) => {
      pushed.set(key, text);
      if (!isLoading) frame ??= setTimeout(take, 50);
    });
    hub.getAll(prefix).then(
      (all) => {
        if (isOver) return;
        isLoading = false;
        const gone = [...entries.texts.keys()].filter((key) => !Object.hasOwn(all, key));
        // What was pushed meanwhile is as new as the answer, or newer.
        pushed = new Map([...gone.map((key): [string, string] => [key, '']), ...Object.entries(all), ...pushed]);
        take();
        entries.problem = null;
        entries.loaded = true;
      },
      (error: unknown) => {
        // Without a connection there will be another one, and this is asked anew then.
        if (isOver || session.line !== 'open') return;
        entries.problem = problemText(error);
        entries.loaded = true;
      },
    );
    return () => {
      isOver = true;
      clearTimeout(frame);
      unsubscribe();
    };
  });
  return entries;
}

/** Free text as one segment of a key. */
export function segment(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('/', '%2F').replace(/^@/, '%40');
}

/** What a segment of a key says. */
export function unsegment(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
