/** The first visit: whether it was, and where the sample overlays are. */

import type { Kilovolt } from '../../kilovolt';

/** Where stagedoor keeps that the welcome was seen: not in the browser, since it is not seen anew in another one. */
const WELCOME = 'stagedoor/welcome';

export async function isFirstVisit(hub: Kilovolt): Promise<boolean> {
  return (await hub.getJson<{ done: boolean }>(WELCOME))?.done !== true;
}

export async function remember(hub: Kilovolt): Promise<void> {
  await hub.setJson(WELCOME, { done: true });
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

/** What lets an overlay in; an empty one is left out. */
export type Secret = { password: string } | { key: string };

/** The address of an overlay, with where it finds the Streamer.bot door, and what lets it in there. */
export function overlayUrl(overlay: Overlay, kilovolt: string, streamerbot: string, secret: Secret): string {
  const door = new URL(streamerbot);
  const options = new URLSearchParams();
  if (!['127.0.0.1', 'localhost'].includes(door.hostname)) options.set('address', door.hostname);
  if (door.port !== USUAL_PORT) options.set('port', door.port || '80');
  if (door.pathname !== '/') options.set('endpoint', door.pathname);
  for (const [name, value] of Object.entries(secret)) if (value !== '') options.set(name, value);
  const fragment = options.size > 0 ? `#${options}` : '';
  return `${overlayOrigin(kilovolt)}/static/examples/${overlay}/${fragment}`;
}
