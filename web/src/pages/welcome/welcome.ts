/** The first visit: whether it was, and where the sample overlays are. */

import type { Kilovolt } from '../../kilovolt';

/** Where stagedoor keeps that the welcome was seen: not in the browser, since it is not seen anew in another one. */
const WELCOME = 'stagedoor/welcome';

/** What is kept of it. */
interface Noted {
  done: boolean;
  /** The ids of the overlay keys that it made. */
  overlay_keys?: Partial<Record<Overlay, string>>;
}

export async function noted(hub: Kilovolt): Promise<Noted> {
  return (await hub.getJson<Noted>(WELCOME)) ?? { done: false };
}

/** Keeps something more. */
export async function note(hub: Kilovolt, more: Partial<Noted>): Promise<void> {
  await hub.setJson(WELCOME, { ...(await noted(hub)), ...more });
}

export async function isFirstVisit(hub: Kilovolt): Promise<boolean> {
  return !(await noted(hub)).done;
}

export async function remember(hub: Kilovolt): Promise<void> {
  await note(hub, { done: true });
}

export const OVERLAYS = ['chat', 'alerts', 'countdown'] as const;
export type Overlay = (typeof OVERLAYS)[number];

/** What suits a browser source for it, in pixels. */
export const SIZES: Record<Overlay, [number, number]> = {
  chat: [500, 800],
  alerts: [900, 300],
  countdown: [600, 250],
};

const USUAL_PORT = '8080';

/** Where overlays come from; `kilovolt` is the address of that door. */
export function overlayOrigin(kilovolt: string): string {
  const { protocol, host } = new URL(kilovolt);
  return `${protocol === 'wss:' ? 'https' : 'http'}://${host}`;
}

/** The same address as this page reaches it: with TLS and by the page's own name, where it came so itself. */
export function asReached(url: string, page: Pick<Location, 'protocol' | 'hostname'> = location): string {
  if (page.protocol !== 'https:') return url;
  const reached = new URL(url);
  reached.protocol = 'https:';
  reached.hostname = page.hostname;
  return reached.href;
}

/** The address of an overlay, with where it finds the Streamer.bot door, and the key that lets it in there, if it needs one. */
export function overlayUrl(overlay: Overlay, kilovolt: string, streamerbot: string, key: string | null): string {
  const door = new URL(streamerbot);
  const options = new URLSearchParams();
  if (!['127.0.0.1', 'localhost'].includes(door.hostname)) options.set('address', door.hostname);
  if (door.port !== USUAL_PORT) options.set('port', door.port || '80');
  if (door.pathname !== '/') options.set('endpoint', door.pathname);
  if (key !== null) options.set('key', key);
  const fragment = options.size > 0 ? `#${options}` : '';
  return `${overlayOrigin(kilovolt)}/static/examples/${overlay}/${fragment}`;
}
