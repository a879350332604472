/** What the owner has given out, and where stagedoor keeps it. */

import { OVERLAYS, type Overlay } from '../welcome/welcome';

/** One entry of `stagedoor/overlay-keys`. */
export interface OverlayKey {
  id: string;
  name: string;
  scopes: string[];
  made_at_ms: number;
  /** Exact to an hour, as the others are; `null` before it was used. */
  used_at_ms: number | null;
  expires_at_ms: number | null;
}

/** One entry of `stagedoor/origins`. */
export interface Site {
  origin: string;
  decision: 'allowed' | 'refused';
  decided_at_ms: number;
  used_at_ms: number | null;
}

/** One entry of `stagedoor/devices`. */
export interface Device {
  id: string;
  name: string;
  address: string;
  made_at_ms: number;
  used_at_ms: number | null;
}

export const OVERLAY_KEYS = 'stagedoor/overlay-keys';
export const ORIGINS = 'stagedoor/origins';
export const DEVICES = 'stagedoor/devices';

/** The page's sections, by the second part of their addresses. */
export const SECTIONS = ['apps', 'keys', 'sites', 'devices'] as const;
export type Section = (typeof SECTIONS)[number];

const EVENTS: Record<Overlay, Record<string, string[]>> = {
  chat: {
    Twitch: ['ChatMessage', 'ChatMessageDeleted', 'ChatCleared', 'UserBanned', 'UserTimedOut'],
    YouTube: ['Message', 'MessageDeleted', 'UserBanned'],
    Kick: ['ChatMessage', 'UserBanned', 'UserTimedOut'],
    Trovo: ['ChatMessage'],
  },
  alerts: {
    Twitch: ['Follow', 'Sub', 'ReSub', 'GiftSub', 'GiftBomb', 'Cheer', 'Raid'],
    YouTube: ['NewSubscriber', 'NewSponsor', 'MembershipGift', 'SuperChat'],
    Kick: ['Follow', 'Subscription', 'Resubscription', 'GiftSubscription', 'MassGiftSubscription'],
    Trovo: ['Follow', 'Subscription', 'Raid'],
  },
  countdown: { Misc: ['GlobalVariableCreated', 'GlobalVariableUpdated', 'GlobalVariableDeleted'] },
};

/** What each sample overlay reads. */
export const NEEDS = Object.fromEntries(
  OVERLAYS.map((overlay) => [
    overlay,
    [
      ...Object.entries(EVENTS[overlay]).flatMap(([source, types]) => types.map((type) => `event:${source}.${type}`)),
      ...(overlay === 'countdown' ? ['read:global/persisted/countdown'] : []),
    ],
  ]),
) as Record<Overlay, string[]>;

/** The origin of an address that is no web site's: of a browser's extension, of what a desktop application shows. */
const OF_APPLICATION = /^((?!about:|blob:|data:|file:|javascript:)[a-z][a-z\d+.-]*:\/\/[a-z\d._-]+(?::\d+)?)(?:[/?#]|$)/i;

/** The origin that an address of a page or a site belongs to; `null` for what is none. */
export function originOf(text: string): string | null {
  const address = text.trim();
  try {
    const url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(address) ? address : `https://${address}`);
    // Browsers do not agree on the origin of other schemes.
    if (!/^https?:$/.test(url.protocol)) return OF_APPLICATION.exec(address)?.[1]?.toLowerCase() ?? null;
    return url.hostname !== '' ? url.origin : null;
  } catch {
    return null;
  }
}
