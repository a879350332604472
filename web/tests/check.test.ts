import { describe, expect, it } from 'vitest';
import { check } from '../src/ui/check';

const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1 },
    ms: { type: 'integer', minimum: 10, maximum: 20 },
    mode: { enum: ['set', 'add'] },
    'a/b %': { anyOf: [{ type: 'string' }, { type: 'number' }] },
    list: { type: 'array', items: { type: 'boolean' } },
  },
  required: ['name'],
  additionalProperties: false,
};

describe('a value that is held against a schema', () => {
  it('has no problems when it fits', async () => {
    expect(await check(SCHEMA, { name: 'x', ms: 15, list: [true] })).toEqual([]);
  });

  it.each([
    [{}, '/name', 'This is missing.'],
    [{ name: '' }, '/name', 'This must not be empty.'],
    [{ name: 1 }, '/name', 'This is of another kind than expected: string.'],
    [{ name: 'x', ms: 9 }, '/ms', 'This is too small; at least 10.'],
    [{ name: 'x', ms: 21 }, '/ms', 'This is too large; at most 20.'],
    [{ name: 'x', mode: 'y' }, '/mode', 'This is none of the choices.'],
    [{ name: 'x', 'a/b %': true }, '/a~1b %', 'This does not fit.'],
    [{ name: 'x', list: [true, 1] }, '/list/1', 'This is of another kind than expected: boolean.'],
    [{ name: 'x', other: 1 }, '/other', 'Nobody knows a member of this name.'],
    [undefined, '', 'This is missing.'],
  ])('%j has its problem at %s', async (value, path, text) => {
    expect(await check(SCHEMA, value)).toEqual([{ path, text }]);
  });
});
