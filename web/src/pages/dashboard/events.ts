/** What an event is, and what one says of it in a line. An event's JSON is read when somebody looks at it, not before. */

import { readJson } from '../../kilovolt';
import { isObject } from '../../ui/schema';

export const EVENT_PREFIX = 'event/';

/** How much of a text a row needs. */
const MAX_CHARACTERS = 400;

export interface FeedEvent {
  /** Counts up in the order in which they came. */
  readonly n: number;
  readonly atMs: number;
  readonly key: string;
  readonly source: string;
  readonly type: string;
  /** The value of the key, JSON as a rule. */
  readonly text: string;
}

export type Verb =
  | 'says'
  | 'follows'
  | 'subscribes'
  | 'resubscribes'
  | 'gifts'
  | 'giftsMany'
  | 'cheers'
  | 'raids'
  | 'redeems'
  | 'pays'
  | 'commands'
  | 'isBanned'
  | 'isTimedOut'
  | 'isDeleted'
  | 'goesLive'
  | 'goesOff'
  | 'runs'
  | 'happens';

export interface Summary {
  verb: Verb;
  /** Who it is about; may be empty, as the others may. */
  name: string;
  /** The colour of the name, `#RRGGBB`. */
  color: string | null;
  /** What was written with it. */
  message: string;
  /** What or whom it is about: a reward, a recipient, a command. */
  title: string;
  count: number;
}

/** By an event's type, whatever its source: the platforms mostly say the same by the same name. */
const VERBS = new Map<string, Verb>([
  ['ChatMessage', 'says'],
  ['Message', 'says'],
  ['FirstWord', 'says'],
  ['FirstWords', 'says'],
  ['Announcement', 'says'],
  ['Whisper', 'says'],
  ['Follow', 'follows'],
  ['NewSubscriber', 'follows'],
  ['Sub', 'subscribes'],
  ['Subscription', 'subscribes'],
  ['NewSponsor', 'subscribes'],
  ['ReSub', 'resubscribes'],
  ['Resubscription', 'resubscribes'],
  ['MemberMileStone', 'resubscribes'],
  ['GiftSub', 'gifts'],
  ['GiftSubscription', 'gifts'],
  ['GiftBomb', 'giftsMany'],
  ['MassGiftSubscription', 'giftsMany'],
  ['MembershipGift', 'giftsMany'],
  ['Cheer', 'cheers'],
  ['Raid', 'raids'],
  ['RewardRedemption', 'redeems'],
  ['AutomaticRewardRedemption', 'redeems'],
  ['SuperChat', 'pays'],
  ['SuperSticker', 'pays'],
  ['Donation', 'pays'],
  ['Tip', 'pays'],
  ['Triggered', 'commands'],
  ['UserBanned', 'isBanned'],
  ['UserTimedOut', 'isTimedOut'],
  ['ChatMessageDeleted', 'isDeleted'],
  ['StreamOnline', 'goesLive'],
  ['StreamOffline', 'goesOff'],
  ['Action', 'runs'],
]);

const summaries = new WeakMap<FeedEvent, Summary>();

/** Splits `event/<Source>/<Type>`; whatever follows a third slash belongs to the type. */
export function readEvent(n: number, key: string, text: string, atMs: number): FeedEvent {
  const [source = '', ...type] = key.slice(EVENT_PREFIX.length).split('/');
  return { n, atMs, key, source, type: type.join('/'), text };
}

/** Whether it is something that was said in a chat. */
export function isChat({ source, type }: FeedEvent): boolean {
  return type === 'ChatMessage' || (source === 'YouTube' && type === 'Message');
}

/** What one says of an event. Nothing about its data is certain: anybody may have written it. */
export function summarize(event: FeedEvent): Summary {
  let summary = summaries.get(event);
  if (!summary) summaries.set(event, (summary = read(event)));
  return summary;
}

/** Whether a text occurs in what one sees of an event. `needle` is in lower case. */
export function mentions(event: FeedEvent, needle: string): boolean {
  if (`${event.source}.${event.type}`.toLowerCase().includes(needle)) return true;
  // Most events are ruled out by their text, which is much faster than reading it; JSON may write only these otherwise.
  if (/^[\w .,:;!?-]*$/.test(needle) && !event.text.toLowerCase().includes(needle)) return false;
  const { name, message, title } = summarize(event);
  return [name, message, title].some((text) => text.toLowerCase().includes(needle));
}

function read(event: FeedEvent): Summary {
  const value = readJson<unknown>(event.text);
  const isFree = event.source === 'General' || event.source === 'Custom';
  if (isFree || !isObject(value)) {
    return { verb: 'happens', name: '', color: null, message: cut(event.text), title: '', count: 0 };
  }
  const verb = VERBS.get(event.type) ?? 'happens';
  const user = object(value['user'] ?? value['redeemer'] ?? value['targetUser']);
  const older = object(value['message']);
  const color = text(user['color']) || text(older['color']) || text(value['color']);
  return {
    verb,
    name: cut(
      text(user['display']) ||
        first(user, ['name', 'displayName', 'login']) ||
        first(value, ['from_broadcaster_user_name', 'user_name', 'displayName', 'userName', 'username', 'from']) ||
        (verb === 'runs' ? '' : text(value['user'])),
    ),
    color: /^#[0-9a-f]{6}$/i.test(color) ? color : null,
    message: cut(
      first(value, ['text', 'message', 'message_text', 'user_input', 'input']) || text(older['message']),
    ),
    title: cut(titleOf(verb, value)),
    count: countOf(verb, value),
  };
}

function titleOf(verb: Verb, value: Record<string, unknown>): string {
  switch (verb) {
    case 'gifts': {
      const recipients = value['recipients'];
      const recipient = object(value['recipient'] ?? (Array.isArray(recipients) ? recipients[0] : undefined));
      return text(recipient['name']) || text(value['recipientDisplayName']);
    }
    case 'redeems':
      return text(object(value['reward'])['title']) || text(value['reward_type']).replaceAll('_', ' ');
    case 'pays': {
      const amount = text(value['formattedAmount']) || text(value['amount']);
      const currency = text(value['currency']);
      return amount || [value['amount'], currency].filter((part) => part !== undefined && part !== '').join(' ');
    }
    case 'commands':
      return text(value['command']);
    case 'goesLive':
    case 'goesOff':
      return text(object(value['game'])['name']);
    default:
      return first(value, ['name', 'title', 'status']);
  }
}

function countOf(verb: Verb, value: Record<string, unknown>): number {
  const names: Partial<Record<Verb, string[]>> = {
    cheers: ['bits'],
    raids: ['viewers', 'viewerCount'],
    giftsMany: ['total', 'gifts', 'count'],
    resubscribes: ['cumulativeMonths', 'cumulative_months', 'months', 'duration'],
    isTimedOut: ['duration'],
  };
  const found = (names[verb] ?? []).map((name) => value[name]).find((number) => typeof number === 'number');
  if (found !== undefined) return found as number;
  return verb === 'giftsMany' && Array.isArray(value['recipients']) ? value['recipients'].length : 0;
}

function first(value: Record<string, unknown>, names: string[]): string {
  for (const name of names) if (text(value[name]) !== '') return text(value[name]);
  return '';
}

function object(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function cut(value: string): string {
  return value.length > MAX_CHARACTERS ? `${value.slice(0, MAX_CHARACTERS)}…` : value;
}
