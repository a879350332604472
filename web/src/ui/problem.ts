/** Why something failed, in words for the owner. */

import { t } from '../i18n/index.svelte';
import { isLost } from '../kilovolt';

export function problemText(error: unknown): string {
  // The server had no occasion to say anything.
  if (isLost(error)) return t().frame.unreachable;
  return error instanceof Error ? error.message : String(error);
}
