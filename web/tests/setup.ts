/**
 * What a test file starts has ended when the file has: a timer that is still to come would find no page any more, and on a
 * busy machine fail the whole run, from time to time. So it fails here, each time, with the place that set it.
 */
import { afterAll, expect } from 'vitest';

const pending = new Map<unknown, string>();
const { setTimeout: set, clearTimeout: clear } = globalThis;

function setTracked(then: (...given: unknown[]) => void, ms?: number, ...given: unknown[]): unknown {
  const timer: unknown = set(() => {
    pending.delete(timer);
    then(...given);
  }, ms);
  pending.set(timer, new Error('set here').stack ?? '');
  return timer;
}

globalThis.setTimeout = setTracked as typeof setTimeout;
globalThis.clearTimeout = ((timer?: ReturnType<typeof setTimeout>) => {
  pending.delete(timer);
  clear(timer);
}) as typeof clearTimeout;

afterAll(async () => {
  // What was only put behind the rest of its turn, by Svelte for example, comes first.
  await new Promise((done) => set(done));
  expect([...pending.values()], 'timers that outlive the test file').toEqual([]);
});
