/** What the alerts' settings say, and the events that they are tried on. */

import { member, membersOf, numberOf, textsOf, withMembers, type Members } from '../../ui/members';
import { isSame } from '../../ui/schema';

export const ALERTS = 'twitch/bot-modules/alerts/config';
export const PREVIEW = 'twitch/bot-modules/alerts/@preview';

export const PARTS = ['follow', 'subscription', 'gift_sub', 'raid', 'cheer'] as const;
export type Part = (typeof PARTS)[number];

/** The members by which a variation of a part says when it comes: what must be reached, and what comes before that. */
export const CONDITIONS: Record<Part, { threshold: string; flag?: string } | null> = {
  follow: null,
  subscription: { threshold: 'min_streak', flag: 'is_gifted' },
  gift_sub: { threshold: 'min_cumulative', flag: 'is_anonymous' },
  raid: { threshold: 'min_viewers' },
  cheer: { threshold: 'min_amount' },
};

/** What has to be reached for a new variation, until somebody says so. */
export const FIRST_THRESHOLD: Record<Part, number> = { follow: 0, subscription: 12, gift_sub: 50, raid: 50, cheer: 1000 };

/** What a template of a part most often wants. */
export const FIELDS: Record<Part, readonly string[]> = {
  follow: ['UserName'],
  subscription: ['UserName', 'CumulativeMonths', 'StreakMonths', 'Tier', 'Message'],
  gift_sub: ['UserName', 'Total', 'CumulativeTotal', 'Tier'],
  raid: ['FromBroadcasterUserName', 'Viewers'],
  cheer: ['UserName', 'Bits', 'Message'],
};

export interface Previewed {
  part: Part | null;
  messages: { template: string; output: string | null; problem: string | null; variation: number | null }[];
}

/** Numbers and names to try alerts on. */
export interface Sample {
  user: string;
  kind: 'new' | 'renewal' | 'given';
  tier: '1000' | '2000' | '3000';
  months: number;
  streak: number;
  message: string;
  total: number;
  cumulative: number;
  viewers: number;
  bits: number;
  isAnonymous: boolean;
}

export const SAMPLE: Sample = {
  user: 'Cool_User',
  kind: 'renewal',
  tier: '1000',
  months: 15,
  streak: 3,
  message: 'Love the stream!',
  total: 5,
  cumulative: 20,
  viewers: 42,
  bits: 100,
  isAnonymous: false,
};

/** The topic and the body of an event that a part speaks of. */
export function eventOf(part: Part, sample: Sample): { topic: string; event: Members } {
  const { tier, message, isAnonymous } = sample;
  const names = (prefix: string): Members => ({ [`${prefix}_login`]: sample.user.toLowerCase(), [`${prefix}_name`]: sample.user });
  // Twitch tells nothing of who wants to be unknown.
  const giver = isAnonymous ? { user_id: null, user_login: null, user_name: null } : names('user');
  switch (part) {
    case 'follow':
      return { topic: 'channel.follow', event: names('user') };
    case 'subscription':
      return sample.kind === 'renewal'
        ? {
            topic: 'channel.subscription.message',
            event: { ...names('user'), tier, cumulative_months: sample.months, streak_months: sample.streak, message: { text: message, emotes: [] } },
          }
        : { topic: 'channel.subscribe', event: { ...names('user'), tier, is_gift: sample.kind === 'given' } };
    case 'gift_sub':
      return {
        topic: 'channel.subscription.gift',
        event: { ...giver, tier, total: sample.total, cumulative_total: isAnonymous ? null : sample.cumulative, is_anonymous: isAnonymous },
      };
    case 'raid':
      return { topic: 'channel.raid', event: { ...names('from_broadcaster_user'), viewers: sample.viewers } };
    case 'cheer':
      return { topic: 'channel.cheer', event: { ...giver, bits: sample.bits, message, is_anonymous: isAnonymous } };
  }
}

export function partOf(settings: Members, part: Part): Members {
  return membersOf(member(settings, part));
}

export function variationsOf(part: Members): Members[] {
  const all = member(part, 'variations');
  return Array.isArray(all) ? all.filter((one) => one !== null).map(membersOf) : [];
}

export function isFlagged(variation: Members, flag: string | undefined): boolean {
  return flag !== undefined && member(variation, flag) === true;
}

export function thresholdOf(variation: Members, threshold: string): number | undefined {
  return numberOf(member(variation, threshold));
}

/** The settings without messages that say nothing, in the parts that were changed. */
export function withoutBlanks(settings: Members, before: Members): Members {
  const cleaned = (part: Members): Members =>
    member(part, 'messages') === undefined ? part : withMembers(part, { messages: textsOf(member(part, 'messages')).filter((text) => text.trim() !== '') });
  const changed = PARTS.filter((name) => !isSame(partOf(settings, name), partOf(before, name)));
  return withMembers(
    settings,
    Object.fromEntries(
      changed.map((name) => {
        const part = cleaned(partOf(settings, name));
        return [name, member(part, 'variations') === undefined ? part : withMembers(part, { variations: variationsOf(part).map(cleaned) })];
      }),
    ),
  );
}
