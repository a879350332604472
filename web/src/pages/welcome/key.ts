/** The overlay keys that the welcome makes: one for each sample overlay, made once. */

import type { Kilovolt } from '../../kilovolt';
import { coverReading } from '../../scopes';
import { NEEDS, OVERLAY_KEYS, type OverlayKey } from '../apps/grants';
import { note, noted, type Overlay } from './welcome';

/** One at a time: who goes from overlay to overlay faster than keys are made shall not get two of one. */
let last: Promise<unknown> = Promise.resolve();

/** The key for an overlay: the one that was made for it before, or else a new one, by the name that is given. */
export function keyFor(hub: Kilovolt, overlay: Overlay, name: string): Promise<string> {
  const key = last.then(async () => {
    const known = await findKey(hub, overlay);
    if (known !== null) return (await hub.call<{ key: string }>('stagedoor/@reveal-overlay-key', { id: known.id })).key;
    const made = await hub.call<{ id: string; key: string }>('stagedoor/@make-overlay-key', { name, scopes: NEEDS[overlay] });
    await note(hub, { overlay_keys: { ...(await noted(hub)).overlay_keys, [overlay]: made.id } });
    return made.key;
  });
  last = key.catch(() => null);
  return key;
}

/** What was made for an overlay before, if it still lets in, and shows all that the overlay needs. */
async function findKey(hub: Kilovolt, overlay: Overlay): Promise<OverlayKey | null> {
  const id = (await noted(hub)).overlay_keys?.[overlay];
  if (id === undefined) return null;
  const keys = (await hub.getJson<OverlayKey[]>(OVERLAY_KEYS)) ?? [];
  const isGood = ({ scopes }: OverlayKey): boolean => NEEDS[overlay].every((scope) => coverReading(scopes, scope));
  return keys.find((key) => key.id === id && isGood(key)) ?? null;
}
