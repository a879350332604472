/** Chat commands as they are stored, by what is typed. */

import { member, textOf, type Members } from '../../ui/members';
import { isObject } from '../../ui/schema';

export const COMMANDS = 'twitch/bot-custom-commands';
export const PROBLEMS = 'twitch/bot/problems';
export const TEST = 'twitch/bot/@test-command';

export const LEVELS = ['everyone', 'subscriber', 'vip', 'moderators', 'streamer'] as const;
export type Level = (typeof LEVELS)[number];

export const RESPONSES = ['chat', 'reply', 'announce', 'whisper'] as const;
export type Response = (typeof RESPONSES)[number];

export interface Listed {
  name: string;
  stored: unknown;
  /** Whether it can be read as far as a list needs it. */
  isReadable: boolean;
  isEnabled: boolean;
  description: string;
  response: string;
  level: string;
  type: string;
}

/** What members of a command mean; what nobody knows is left as it is. */
export function levelOf(members: Members): string {
  const level = textOf(member(members, 'access_level'));
  // strimertül's own window writes the plural.
  return level === '' ? 'everyone' : level === 'subscribers' ? 'subscriber' : level;
}

export function typeOf(members: Members): string {
  return textOf(member(members, 'response_type')) || 'chat';
}

export function isLevel(level: string): level is Level {
  return (LEVELS as readonly string[]).includes(level);
}

export function isResponse(type: string): type is Response {
  return (RESPONSES as readonly string[]).includes(type);
}

export function readCommand(name: string, stored: unknown): Listed {
  const members = isObject(stored) ? stored : {};
  return {
    name,
    stored,
    isReadable: isObject(stored),
    isEnabled: member(members, 'enabled') === true,
    description: textOf(member(members, 'description')),
    response: textOf(member(members, 'response')),
    level: levelOf(members),
    type: typeOf(members),
  };
}

/** In the order in which people look for them: what is typed before the word itself makes no difference. */
export function byName(one: { name: string }, other: { name: string }): number {
  const plain = ({ name }: { name: string }): string => name.replace(/^[^\p{L}\p{N}]+/u, '');
  return plain(one).localeCompare(plain(other)) || (one.name < other.name ? -1 : 1);
}

/** The line that a template's error names, from 1. */
export function lineIn(problem: string): number | null {
  const line = /^line (\d+):/.exec(problem)?.[1];
  return line === undefined ? null : Number(line);
}

/** Where a line of a text begins and ends. */
export function spanOfLine(text: string, line: number): [number, number] {
  const lines = text.split('\n');
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  return [start, start + (lines[line - 1]?.length ?? 0)];
}
