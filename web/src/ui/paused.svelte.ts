/** Values that are worked with once whoever types pauses. */

import { untrack } from 'svelte';

const PAUSE_MS = 300;

/** Follows a value after a pause in its changes. Call it while a component is set up. */
export function paused<T>(now: () => T): { readonly value: T } {
  let value = $state.raw(untrack(now));
  $effect(() => {
    const next = now();
    const timer = setTimeout(() => (value = next), PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return {
    get value() {
      return value;
    },
  };
}
