import { describe as about, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { it as italian } from '../src/i18n/it';
import { coverReading, describe, describeAll, summarize } from '../src/scopes';

const say = (scope: string): string => describe(scope, en.scopes).text;

about('a scope in words', () => {
  it.each([
    ['read:global/*', 'See all variables'],
    ['read:global/persisted/deaths', 'See the variable “deaths”'],
    ['read:global/temporary/on%2Foff', 'See the variable “on/off”'],
    ['read:user-global/persisted/twitch/17/points', 'See a viewer’s variable “points”'],
    ['read:user-global/*', 'See the variables of all viewers'],
    ['read:*', 'See everything but passwords and tokens, and hear every event'],
    ['read:counter/*', 'See keys that begin with counter/'],
    ['read:cou*', 'See keys that begin with cou'],
    ['read:counter/deaths', 'See the key counter/deaths'],
    ['read:global/persisted/goal*', 'See keys that begin with global/persisted/goal'],
    ['read:global/persisted/a/b', 'See the key global/persisted/a/b'],
    ['read:user-global/persisted/points', 'See the key user-global/persisted/points'],
    ['read:viewer/@active', 'See who is in your chats now'],
    ['read:constructor', 'See the key constructor'],
    ['event:*', 'Hear every event'],
    ['event:Twitch.*', 'Hear every event of Twitch'],
    ['event:Twitch.ChatMessage', 'Hear Twitch.ChatMessage'],
    ['event:Custom.a.b', 'Hear Custom.a.b'],
    ['read:event/Twitch/Chat*', 'Hear events whose name begins with Twitch/Chat'],
    ['read:event/Twitch/ChatMessage', 'Hear Twitch.ChatMessage'],
    ['write:counter/*', 'Change keys that begin with counter/'],
    ['write:counter/deaths', 'Change the key counter/deaths'],
    ['write:global/persisted/deaths', 'Change the variable “deaths”'],
    ['write:global/*', 'Change all variables'],
    ['write:*', 'Change and delete everything'],
    ['write:action/*', 'Change and delete your actions'],
    ['call:action/@run', 'Run your actions'],
    ['call:global/@set', 'Set variables, also those of viewers'],
    ['call:mine/@go', 'Ask for mine/@go'],
    ['call:mine/*', 'Ask for everything that begins with mine/'],
    ['call:*', 'Ask for everything that an application may ask for'],
    ['call:platform/twitch/@send-message', 'Write in your chat on Twitch'],
    ['send:youtube', 'Write in your chat on YouTube'],
    ['send:elsewhere', 'Write in your chat on elsewhere'],
    ['send:*', 'Write in your chats on all platforms'],
    ['fly:away', 'Something that this console does not know: fly:away'],
    ['', 'Something that this console does not know: '],
  ])('%s: %s', (scope, text) => {
    expect(say(scope)).toBe(text);
  });

  it.each([
    ['read:*', null],
    ['event:*', null],
    ['write:counter/*', null],
    ['write:global/*', null],
    ['write:*', 'everything'],
    ['write:action/*', 'actions'],
    ['write:action/1f0c', 'actions'],
    ['write:a*', 'actions'],
    ['write:action*', 'actions'],
    ['write:actions/*', null],
    ['write:event/*', 'events'],
    ['write:event/Twitch/Follow', 'events'],
    ['call:action/@run', 'run'],
    ['call:action/*', 'run'],
    ['call:a*', 'run'],
    ['call:action/@list', null],
    ['call:global/@set', null],
    ['call:code-trigger/@execute', 'events'],
    ['call:stagedoor/@emit', 'events'],
    ['call:stagedoor/*', 'events'],
    ['call:twitch/@whisper', 'chat'],
    ['call:twitch/@announce', 'chat'],
    ['call:twitch/@send-chat-message', 'chat'],
    ['call:twitch/bot/@send-message', 'chat'],
    ['call:twitch/*', 'chat'],
    ['call:t*', 'chat'],
    ['call:twitch/@chatters', null],
    ['write:twitch/bot-custom-commands', 'chat'],
    ['write:twitch/bot-modules/*', 'chat'],
    ['write:twitch/bot-modules/timers/config', 'chat'],
    ['write:twitch/*', 'chat'],
    ['write:t*', 'chat'],
    ['write:twitch/ev/*', 'events'],
    ['write:twitch/bot-counters/*', null],
    ['write:loyalty/*', 'points'],
    ['write:loyalty/points/ada', 'points'],
    ['write:loyalty/ev/new-redeem', 'events'],
    ['call:loyalty/@add-points', 'points'],
    ['call:loyalty/@top', null],
    ['call:*', 'calls'],
    ['call:platform/*', 'chat'],
    ['call:platform/twitch/@send-message', 'chat'],
    ['send:twitch', 'chat'],
    ['send:*', 'chat'],
    ['fly:away', 'everything'],
  ])('%s is dangerous: %s', (scope, danger) => {
    expect(describe(scope, en.scopes).danger).toBe(danger);
  });

  it('shows what would hide or turn the line around', () => {
    expect(say('read:txt.\u202eexe')).toBe('See the key txt.\\u{202e}exe');
    expect(say('read:a\u2028b\u200b')).toBe('See the key a\\u{2028}b\\u{200b}');
    expect(say('event:Twitch.%E2%80%AE')).toBe('Hear Twitch.%E2%80%AE');
    expect(say('read:global/persisted/x%E2%80%AEy')).toBe('See the variable “x\\u{202e}y”');
    expect(say('read:שלום')).toBe('See the key \u2068שלום\u2069');
    expect(say('read:a\ud800b')).toBe('See the key a\\u{d800}b');
  });

  it('is told in Italian, too', () => {
    expect(describe('event:Twitch.*', italian.scopes).text).toBe('Sentire ogni evento di Twitch');
    for (const table of ['see', 'change', 'ask', 'dangers'] as const) {
      expect(Object.keys(italian.scopes[table])).toEqual(Object.keys(en.scopes[table]));
    }
  });
});

about('scopes together', () => {
  it('stand in groups, in one order', () => {
    const groups = describeAll(['write:a/*', 'send:kick', 'read:b', 'event:*', 'read:a'], en.scopes);
    expect(groups.map(([group, lines]) => [group, lines.map(({ scope }) => scope)])).toEqual([
      ['see', ['read:b', 'read:a']],
      ['hear', ['event:*']],
      ['change', ['write:a/*']],
      ['chat', ['send:kick']],
    ]);
  });

  it('are told in one line', () => {
    expect(summarize(null, en.scopes)).toBe('Everything but your passwords and tokens');
    expect(summarize([], en.scopes)).toBe('Nothing');
    expect(summarize(['event:*', 'read:global/*'], en.scopes)).toBe('See all variables · Hear every event');
    expect(summarize(['read:a', 'read:b', 'read:c'], en.scopes)).toBe('See the key a · See the key b · See the key c');
    expect(summarize(['read:a', 'read:b', 'read:c', 'read:d'], en.scopes)).toBe('See the key a · See the key b and 2 more');
  });

  it.each([
    ['event:Twitch.*', 'event:Twitch.Follow', true],
    ['event:*', 'event:Twitch.*', true],
    ['event:Twitch.Follow', 'event:Twitch.*', false],
    ['event:Twitch.*', 'event:TwitchX.Follow', false],
    ['read:*', 'event:Twitch.Follow', true],
    ['read:event/*', 'event:*', true],
    ['read:global/*', 'read:global/persisted/deaths', true],
    ['write:*', 'read:a', false],
    ['read:a', 'write:a', false],
  ])('with %s one reads %s: %s', (scope, wanted, is) => {
    expect(coverReading([scope], wanted)).toBe(is);
    expect(coverReading(null, 'read:a')).toBe(true);
  });
});
