/** What stagedoor tells of Twitch, and what the page makes of it. */

import { isObject, type Schema, type SchemaObject } from '../../ui/schema';

export const CONFIG = 'twitch/config';
export const BOT_CONFIG = 'twitch/bot-config';
export const STATUS = 'twitch/status';
export const LOGINS = 'twitch/logins';
export const HISTORY = 'twitch/eventsub-history';
export const SCOPES = 'twitch/@scopes';
export const TOPICS = 'twitch/@topics';
export const SIMULATE = 'twitch/@simulate';
export const EVENTSUB_EVENT = 'twitch/ev/eventsub-event';

/** How many messages the server keeps at most. */
export const MAX_CHAT_HISTORY = 1000;

export const SECTIONS = ['connection', 'accounts', 'bot', 'topics', 'try'] as const;
export const ACCOUNTS = ['streamer', 'bot'] as const;

export type AccountName = (typeof ACCOUNTS)[number];
export type State = 'off' | 'not configured' | 'login needed' | 'connecting' | 'connected' | 'offline';
export type TopicState = 'waiting' | 'enabled' | 'refused' | 'unavailable' | 'revoked';

export interface Account {
  id: string;
  login: string;
  name: string;
  missingScopes: string[];
  scopes: string[];
  state: 'ok' | 'login needed';
  problem: string | null;
}

export interface Status {
  state: State;
  problem: string | null;
  /** Unix time in milliseconds. */
  since: number;
  streamer: Account | null;
  bot: Account | null;
  topics: { topic: string; state: TopicState; reason: string | null }[];
  /** Messages that wait to be said. */
  queue: number;
}

interface LoginState {
  state: 'waiting' | 'failed' | 'done';
  /** Unix time in milliseconds. */
  expiresAt: number;
  problem: string | null;
}

export type Login =
  | (LoginState & { flow: 'device'; verificationUri: string; userCode: string })
  | (LoginState & { flow: 'code'; authorizeUrl: string });

export type Logins = Partial<Record<AccountName, Login>>;

export interface Config {
  enabled?: boolean;
  enable_bot?: boolean;
  api_client_id?: string;
  api_client_secret?: string;
}

export interface BotConfig {
  chat_history?: number;
  command_cooldown?: number;
}

export interface Scope {
  name: string;
  /** What it is good for; follows "so that stagedoor can". */
  why: string;
  accounts: AccountName[];
}

export interface Wanted {
  scopes: Scope[];
  /** Where Twitch's page comes back to; `null` while that door is shut. */
  redirectUri: string | null;
}

export interface Topic {
  topic: string;
  version: string;
  /** In a few words, what has happened. */
  summary: string;
  scopes: string[];
  /** As `Twitch.Follow`. */
  events: string[];
  sample: Record<string, unknown>;
}

export interface Notification {
  subscription: { type: string; created_at?: string };
  event: Record<string, unknown>;
  date?: string;
}

/** One or two letters that stand for a picture. */
export function initials(name: string): string {
  const words = name.split(/[\s_-]+|(?<=\p{Ll})(?=\p{Lu})/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toLocaleUpperCase();
}

/** An address that a link may lead to; `null` for any other text. */
export function linkOf(address: string): string | null {
  return /^https?:\/\//i.test(address) ? address : null;
}

/** How long something still lasts, `9:58`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** Whether a permission is granted: whoever may manage something may read it, too. */
export function covers(granted: string[], scope: string): boolean {
  return granted.includes(scope) || granted.includes(scope.replace(':read:', ':manage:'));
}

/** How a topic stands, worst first: what somebody may want to do something about. */
export const TOPIC_STATES: readonly TopicState[] = ['revoked', 'refused', 'unavailable', 'waiting', 'enabled'];

/** What a form about an event shows; nested deeper, it would be read by nobody. */
const MAX_DEPTH = 2;

const TIERS = ['1000', '2000', '3000'];

/**
 * A form for the simple members of a sample, with their names in words. What follows from others or is made up anew each
 * time is left out, as are lists and what is empty: those are there as JSON.
 */
export function formOf(sample: Record<string, unknown>, names: Record<string, string>, depth = 0): SchemaObject {
  const properties = Object.entries(sample).map(([name, value]): [string, Schema] => {
    const part = isDerived(name, sample) ? null : partOf(name, value, names, depth);
    return [name, part === null ? { readOnly: true } : { title: names[name] ?? humanized(name), ...part }];
  });
  return { type: 'object', properties: Object.fromEntries(properties), required: Object.keys(sample) };
}

/** Whether a form shows anything of what it was made for. */
export function hasFields({ properties = {} }: SchemaObject): boolean {
  return Object.values(properties).some((part) => typeof part === 'object' && part.readOnly !== true);
}

function isDerived(name: string, sample: Record<string, unknown>): boolean {
  if (/^(to_)?broadcaster_/.test(name) || /(^|_)id$|_at$/.test(name)) return true;
  return name.endsWith('_login') && Object.hasOwn(sample, name.replace(/_login$/, '_name'));
}

function partOf(name: string, value: unknown, names: Record<string, string>, depth: number): SchemaObject | null {
  if (name === 'tier' && typeof value === 'string') return { enum: [...new Set([...TIERS, value])] };
  switch (typeof value) {
    case 'string':
      return { type: 'string' };
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return Number.isInteger(value) ? { type: 'integer' } : { type: 'number' };
    default: {
      if (!isObject(value) || depth >= MAX_DEPTH) return null;
      const form = formOf(value, names, depth + 1);
      return hasFields(form) ? form : null;
    }
  }
}

function humanized(name: string): string {
  return capitalized(name.replaceAll('_', ' '));
}

/** The same as the beginning of a sentence. */
export function capitalized(text: string): string {
  return text.charAt(0).toLocaleUpperCase() + text.slice(1);
}

/** The members of an event that says that nobody gave a name, as Twitch does it. */
export function anonymized(changes: Record<string, unknown>): Record<string, unknown> {
  if (changes['is_anonymous'] !== true) return changes;
  return { user_id: null, user_login: null, user_name: null, ...changes };
}
