/** Timers as they are stored, by name, and how lively the chat is. */

import { member, membersOf, numberOf, textsOf, type Members } from '../../ui/members';
import { isObject } from '../../ui/schema';

export const TIMERS = 'twitch/bot-modules/timers/config';
export const ACTIVITY = 'twitch/chat-activity';

/** Fewer seconds are as many. */
export const SHORTEST_S = 60;

const WINDOW = 5;

export interface Listed {
  name: string;
  stored: unknown;
  isEnabled: boolean;
  delayS: number;
  activity: number;
  messages: string[];
  isOnlyLive: boolean;
}

/** All timers of the stored settings. */
export function timersOf(members: Members): Members {
  return membersOf(member(members, 'timers'));
}

export function readTimer(name: string, stored: unknown): Listed {
  const members = membersOf(stored);
  return {
    name,
    stored,
    isEnabled: member(members, 'enabled') === true,
    delayS: Math.max(numberOf(member(members, 'minimum_delay')) ?? 0, SHORTEST_S),
    activity: numberOf(member(members, 'minimum_chat_activity')) ?? 0,
    messages: textsOf(member(members, 'messages')),
    isOnlyLive: member(members, 'only_live') === true,
  };
}

/** The first place that keeps the server from reading any timer; `null` when it can. */
export function findFault(members: Members): string | null {
  const timers = member(members, 'timers');
  if (timers === undefined) return null;
  if (!isObject(timers)) return 'timers';
  const isWhole = (value: unknown): boolean => Number.isInteger(value);
  const isFlag = (value: unknown): boolean => typeof value === 'boolean';
  const isText = (value: unknown): boolean => typeof value === 'string';
  const fits: Record<string, (value: unknown) => boolean> = {
    enabled: isFlag,
    name: isText,
    minimum_chat_activity: isWhole,
    minimum_delay: isWhole,
    messages: (value) => Array.isArray(value) && value.every((one) => one === null || isText(one)),
    only_live: isFlag,
  };
  for (const [name, timer] of Object.entries(timers)) {
    if (timer === null) continue;
    if (!isObject(timer)) return `timers → ${name}`;
    for (const [part, isFit] of Object.entries(fits)) {
      const value = member(timer, part);
      if (value !== undefined && !isFit(value)) return `timers → ${name} → ${part}`;
    }
  }
  return null;
}

/** Messages in each of the last five whole minutes, oldest first; `null` when nobody counts. */
export function lastMinutes(stored: unknown, nowMs: number): number[] | null {
  if (!Array.isArray(stored) || stored.length !== WINDOW || !stored.every((one) => typeof one === 'number')) return null;
  const minute = Math.floor(nowMs / 60_000);
  // A minute's place is its number modulo 5.
  return Array.from({ length: WINDOW }, (_, index) => (stored as number[])[(minute + index) % WINDOW] ?? 0);
}
