import { describe, expect, it } from 'vitest';
import { actionId, actionKey, copyName, exported, newId, readListed, readProblem } from '../src/pages/actions/actions';
import { byName, keyOf, readVariable, type Variable } from '../src/pages/variables/variables';

describe('what the check of an action says', () => {
  it.each([
    ['steps[2].ms: Expected `int`, got `str`', '/steps/2/ms', 'Expected `int`, got `str`'],
    ['steps[0]: Object missing required field `name`', '/steps/0/name', 'Object missing required field `name`'],
    ['steps[0]: `randomTo` is less than `ms`', '/steps/0', '`randomTo` is less than `ms`'],
    ['name: Expected `str` of length >= 1', '/name', 'Expected `str` of length >= 1'],
    ['Object missing required field `name`', '/name', 'Object missing required field `name`'],
    ['JSON is malformed: trailing characters (byte 3)', '', 'JSON is malformed: trailing characters (byte 3)'],
    ['Object contains unknown field `x`', '', 'Object contains unknown field `x`'],
  ])('%j has its place at %j', (text, path, what) => {
    expect(readProblem(text)).toEqual({ path, text: what });
  });
});

describe('an action', () => {
  it.each(['a', 'a/b', '@run', '50%', 'è'])('called %j is found by its key', (id) => {
    expect(actionId(actionKey(id))).toBe(id);
  });

  it.each(['action/', 'action/@run', 'action/ev/run'])('is nothing that %s names', (key) => expect(actionId(key)).toBeNull());

  it('is listed even when it is none', () => {
    expect(readListed('x', 'action/x', 'nonsense')).toMatchObject({ name: '', isReadable: false });
    expect(readListed('x', 'action/x', '{"name": 3, "steps": {}}')).toMatchObject({ name: '', steps: 0, isReadable: true });
  });

  it('is exported with the id of its key, first unless it has a place already', () => {
    const text = '{"name":"n","id":"other"}';
    expect(JSON.stringify(exported(readListed('x', 'action/x', text)))).toBe('{"name":"n","id":"x"}');
    expect(JSON.stringify(exported(readListed('x', 'action/x', '{"name":"n"}')))).toBe('{"id":"x","name":"n"}');
  });

  it('gets a name of its own when it is copied', () => {
    expect(copyName('Raid', new Set(['Raid']))).toBe('Raid (2)');
    expect(copyName('Raid (2)', new Set(['Raid', 'Raid (2)']))).toBe('Raid (3)');
  });

  it('gets a new id also where the browser offers none', () => {
    const { randomUUID } = crypto;
    Object.defineProperty(crypto, 'randomUUID', { value: undefined, configurable: true });
    expect(newId()).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    Object.defineProperty(crypto, 'randomUUID', { value: randomUUID, configurable: true });
  });
});

describe('the key of a variable', () => {
  it.each([
    { name: 'a/b', persisted: true },
    { name: '@x%', persisted: false },
    { name: 'points', persisted: true, platform: 'twitch', userId: '4/2' },
  ])('tells which it is: %j', (address) => {
    const found = readVariable(keyOf(address), '{"value": 1}') as Variable;
    expect(found).toMatchObject({ name: address.name, isPersisted: address.persisted, platform: address.platform ?? '' });
    expect(found.userId).toBe(address.userId ?? '');
  });

  it.each(['global/@set', 'global/persisted/a/b', 'global/other/a', 'user-global/persisted/twitch/a', 'global/persisted/@x', 'global/persisted/'])(
    'is not %s',
    (key) => expect(readVariable(key, '')).toBeNull(),
  );

  it('puts them in an order', () => {
    const all = ['global/persisted/b', 'global/temporary/a', 'global/persisted/A'].map((key) => readVariable(key, '') as Variable);
    expect(all.sort(byName).map(({ key }) => key)).toEqual(['global/persisted/A', 'global/temporary/a', 'global/persisted/b']);
  });
});
