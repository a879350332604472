import { describe, expect, it } from 'vitest';
import {
  changesOf,
  cleanId,
  readBalance,
  readConfig,
  readListing,
  readLogins,
  readOffers,
  readQueue,
  sortQueue,
  toMembers,
  withRules,
} from '../src/pages/loyalty/loyalty';

const listing = (value: unknown) => readListing(JSON.stringify(value));

describe('the settings', () => {
  it('are read whatever their capitals, and changed where they were', () => {
    const { members, isEnabled, rules } = readConfig('{"Enabled": true, "Points": {"Interval": 600, "extra": 1}, "banlist": null, "theme": 1}');
    expect(isEnabled).toBe(true);
    expect(rules).toEqual({ currency: '', intervalS: 600, amount: 0, bonus: 0, banned: [] });
    expect(withRules(members ?? {}, { ...rules, amount: 5, banned: ['bot'] }, rules)).toEqual({
      Enabled: true,
      points: { Interval: 600, extra: 1, amount: 5 },
      banlist: ['bot'],
      theme: 1,
    });
  });

  it('say when they cannot be read', () => {
    expect(readConfig('').members).toEqual({});
    expect(readConfig('[1]').members).toBeNull();
    expect(readConfig('{').members).toBeNull();
  });

  it('take logins as people write them', () => {
    expect(readLogins(' @Ada, bo;CY\n')).toEqual(['ada', 'bo', 'cy']);
    expect(readLogins(' @ ')).toEqual([]);
  });
});

describe('lists', () => {
  it('are told from what is none', () => {
    expect(readListing('').all).toEqual([]);
    expect(readListing('null').all).toEqual([]);
    expect(readListing('{}').all).toBeNull();
    expect(readListing('[').all).toBeNull();
  });

  it('have a key for each, also for twins', () => {
    const offers = readOffers('reward', listing([{ id: 'a' }, 5, { id: 'a', Price: 3, cooldown: 'long' }, {}]));
    expect(offers.map(({ id, points, cooldownS }) => [id, points, cooldownS])).toEqual([['a', 0, 0], ['a', 3, 0], ['', 0, 0]]);
    expect(new Set(offers.map(({ key }) => key)).size).toBe(3);
  });
});

describe('rewards and goals', () => {
  const [reward] = readOffers('reward', listing([{ id: 'sing', name: 'Sing', price: 5, required_info: 'Which?', sound: 1 }]));
  const [goal] = readOffers('goal', listing([{ id: 'trip', total: 9, contributed: 2, contributors: { bo: 1, ada: 2 } }]));

  it('are saved as far as they were changed', () => {
    if (!reward) throw new Error('there is none');
    expect(changesOf('reward', reward, reward)).toEqual({});
    expect(changesOf('reward', { ...reward, prompt: null, points: 6 }, reward)).toEqual({ price: 6, required_info: undefined });
    expect(toMembers('reward', { ...reward, prompt: ' ' })['required_info']).toBeUndefined();
  });

  it('keep what was saved for a goal out of what is edited', () => {
    if (!goal) throw new Error('there is none');
    expect(goal.contributors).toEqual([['ada', 2], ['bo', 1]]);
    expect(toMembers('goal', goal)).toEqual({ enabled: false, id: 'trip', name: '', description: '', image: '', total: 9 });
  });

  it('have ids of letters, digits and dashes', () => {
    expect(cleanId('  Sing It_2!')).toBe('sing-it-2-');
    expect(cleanId('è')).toBe('');
  });
});

describe('the queue', () => {
  const at = (minute: number, username: string, zone = 'Z') => ({ username, when: `2026-05-01T19:${minute}:00${zone}`, reward: { id: 'x' } });
  const queue = readQueue(listing([at(30, 'bo'), at(10, 'ada'), 'broken', { username: 'cy', when: 'once' }, at(40, 'dee', '+05:30')]));
  const names = (column: 'when' | 'viewer', isDescending: boolean) => sortQueue(queue, column, isDescending).map(({ login }) => login);

  it('is put in order by time, in whatever zone', () => {
    expect(names('when', false)).toEqual(['cy', 'dee', 'ada', 'bo']);
    expect(names('when', true)).toEqual(['bo', 'ada', 'dee', 'cy']);
  });

  it('is put in order by name', () => {
    expect(names('viewer', false)).toEqual(['ada', 'bo', 'cy', 'dee']);
  });
});

it('reads balances, and makes nothing of what is none', () => {
  expect(readBalance('loyalty/points/a%2Fb', '{"Points": 5, "display_name": "A"}')).toMatchObject({ login: 'a/b', name: 'A', points: 5 });
  expect(readBalance('loyalty/points/ada', 'null')).toMatchObject({ name: 'ada', points: 0 });
  expect(readBalance('loyalty/points/ada', '{"points": 1.5}').points).toBe(0);
});
