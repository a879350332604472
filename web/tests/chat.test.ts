import { describe, expect, test } from 'vitest';
import { eventOf, FIELDS, PARTS, SAMPLE, withoutBlanks } from '../src/pages/chat/alerts';
import { byName, lineIn, readCommand, spanOfLine } from '../src/pages/chat/commands';
import { member, readMembers, withMembers } from '../src/ui/members';
import { isSameName, merge, replaceEntry } from '../src/pages/chat/stored';
import { unitOf } from '../src/ui/durations';
import { findFault, lastMinutes, readTimer } from '../src/pages/chat/timers';

describe('what is stored', () => {
  test('is an object, or cannot be read', () => {
    expect(readMembers('')).toEqual({});
    expect(readMembers('null')).toEqual({});
    expect(readMembers('{"a":1}')).toEqual({ a: 1 });
    expect(readMembers('[1]')).toBeNull();
    expect(readMembers('{')).toBeNull();
  });

  test('has members whatever their case, and null is as good as none', () => {
    expect(member({ Enabled: true }, 'enabled')).toBe(true);
    expect(member({ Enabled: true, enabled: false }, 'enabled')).toBe(false);
    expect(member({ enabled: null }, 'enabled')).toBeUndefined();
    expect(member({}, 'constructor')).toBeUndefined();
  });

  test('keeps what is not changed as and where it is', () => {
    const changed = withMembers({ more: [1], Enabled: true, a: 1, b: 2 }, { enabled: false, a: 3, b: undefined });
    expect(JSON.stringify(changed)).toBe('{"more":[1],"a":3,"enabled":false}');
  });

  test('has entries of any name', () => {
    const stored = JSON.parse('{"__proto__": 1, "a": 2}') as Record<string, unknown>;
    expect(JSON.stringify(replaceEntry(stored, 'a', 'b', 3))).toBe('{"__proto__":1,"b":3}');
    expect(JSON.stringify(replaceEntry(stored, '__proto__', '__proto__', undefined))).toBe('{"a":2}');
    expect(JSON.stringify(replaceEntry({}, '', '__proto__', 1))).toBe('{"__proto__":1}');
    expect(JSON.stringify(replaceEntry({ a: 1, b: 2 }, 'a', 'b', 3))).toBe('{"b":3}');
  });

  test('names are the same without regard to case and blanks', () => {
    expect(isSameName(' Good  Bot', 'good bot')).toBe(true);
    expect(isSameName('!a', '!b')).toBe(false);
  });

  test('changes of both sides are put together, unless they are to the same member', () => {
    const base = { a: 1, b: 1, c: 1 };
    expect(merge(base, { a: 2, b: 1, c: 1 }, { a: 1, b: 2 })).toEqual({ merged: { a: 2, b: 2 }, isConflict: false });
    expect(merge(base, { a: 2, b: 1, c: 1 }, { a: 3, b: 1, c: 1 })).toEqual({ merged: { a: 2, b: 1, c: 1 }, isConflict: true });
    expect(merge(base, { a: 2, b: 1, c: 1 }, { a: 2, b: 1, c: 1 })).toEqual({ merged: { a: 2, b: 1, c: 1 }, isConflict: false });
    expect(merge({}, { a: 1 }, { b: 1 })).toEqual({ merged: { b: 1, a: 1 }, isConflict: false });
  });
});

describe('commands', () => {
  test('are read with what strimertül’s window writes', () => {
    expect(readCommand('!a', { access_level: 'subscribers', Response: 'x', enabled: true })).toMatchObject({
      level: 'subscriber',
      response: 'x',
      type: 'chat',
      isEnabled: true,
    });
    expect(readCommand('!a', 5)).toMatchObject({ isReadable: false, level: 'everyone' });
  });

  test('are in the order of their words', () => {
    const sorted = ['!b', 'c', '!a', '!'].map((name) => ({ name })).sort(byName);
    expect(sorted.map(({ name }) => name)).toEqual(['!', '!a', '!b', 'c']);
  });

  test('have errors with a line', () => {
    expect(lineIn('line 2: nothing')).toBe(2);
    expect(lineIn('nothing')).toBeNull();
    expect(spanOfLine('ab\ncde\nf', 2)).toEqual([3, 6]);
    expect(spanOfLine('ab', 9)).toEqual([3, 3]);
  });
});

describe('timers', () => {
  test('rest for a minute at least', () => {
    expect(readTimer('a', { minimum_delay: 5 })).toMatchObject({ delayS: 60, activity: 0, messages: [], isOnlyLive: false });
  });

  test('have the largest unit that fits', () => {
    expect([59, 60, 90, 5400, 7200, 0].map(unitOf)).toEqual(['seconds', 'minutes', 'seconds', 'minutes', 'hours', 'minutes']);
  });

  test('cannot be read when one of them cannot', () => {
    expect(findFault({})).toBeNull();
    expect(findFault({ timers: { a: null, b: { messages: ['x', null], minimum_delay: 60, only_live: true, more: 1 } } })).toBeNull();
    expect(findFault({ timers: [] })).toBe('timers');
    expect(findFault({ timers: { a: 1 } })).toBe('timers → a');
    expect(findFault({ timers: { a: { minimum_delay: 1.5 } } })).toBe('timers → a → minimum_delay');
    expect(findFault({ Timers: { a: { Messages: [1] } } })).toBe('timers → a → messages');
  });

  test('know the last five whole minutes, oldest first', () => {
    const minute = 60_000;
    expect(lastMinutes([0, 1, 2, 3, 4], 10 * minute)).toEqual([0, 1, 2, 3, 4]);
    expect(lastMinutes([0, 1, 2, 3, 4], 12 * minute + 59_999)).toEqual([2, 3, 4, 0, 1]);
    expect(lastMinutes([1], 0)).toBeNull();
    expect(lastMinutes(null, 0)).toBeNull();
  });
});

describe('alerts', () => {
  test('are tried on an event of their topic', () => {
    expect(PARTS.map((part) => eventOf(part, SAMPLE).topic)).toEqual([
      'channel.follow',
      'channel.subscription.message',
      'channel.subscription.gift',
      'channel.raid',
      'channel.cheer',
    ]);
    expect(eventOf('subscription', { ...SAMPLE, kind: 'given' })).toMatchObject({ topic: 'channel.subscribe', event: { is_gift: true } });
    expect(eventOf('cheer', { ...SAMPLE, isAnonymous: true }).event).toMatchObject({ user_name: null, is_anonymous: true });
    expect(Object.keys(FIELDS)).toEqual([...PARTS]);
  });

  test('are saved without messages that say nothing, where they were changed', () => {
    const before = { cheer: { messages: ['', 'a'] }, more: 1 };
    const after = { ...before, raid: { messages: [' ', 'b'], variations: [{ messages: [''], note: 1 }] } };
    expect(withoutBlanks(after, before)).toEqual({ ...before, raid: { messages: ['b'], variations: [{ messages: [], note: 1 }] } });
  });
});
