import { describe, expect, it } from 'vitest';
import { Catalogue, exampleText, isPlain, leaveOut, type Entry } from '../src/pages/keys/catalogue';
import { compact, indent } from '../src/pages/keys/jsonText';
import { Paged, Shelf, type Answer } from '../src/ui/paged.svelte';

describe('the white space of JSON', () => {
  const values: unknown[] = [
    {}, [], [[]], [{}], { a: {} }, '', 'a "quoted" \\ {[,: ]}', [1, -2.5e-3, true, null], { 'a b': [{ c: ['  ', {}] }, 2], '': '\n\t' },
  ]; // prettier-ignore

  it.each(values)('is as JavaScript would have it: %j', (value) => {
    for (const space of [0, 1, 2, '\t']) {
      expect(indent(JSON.stringify(value, null, space))).toBe(JSON.stringify(value, null, 2));
      expect(compact(JSON.stringify(value, null, space))).toBe(JSON.stringify(value));
    }
  });

  it('is all that changes', () => {
    const text = '{"b":1.0,"a":12345678901234567890,"a":"\\u00e9\\/"}';
    expect(indent(text)).toBe('{\n  "b": 1.0,\n  "a": 12345678901234567890,\n  "a": "\\u00e9\\/"\n}');
    expect(compact(indent(text))).toBe(text);
  });
});

function entry(changes: Partial<Entry>): Entry {
  return { ...new Catalogue([]).resolve('x'), ...changes };
}

describe('the catalogue', () => {
  const catalogue = new Catalogue([
    entry({ pattern: 'a/<name>', summary: 'family' }),
    entry({ pattern: 'a/b', summary: 'exact' }),
    entry({ pattern: '<any>/@ask', kind: 'request', summary: 'request' }),
  ]);

  it.each([
    ['a/b', 'exact', 'state'],
    ['a/c', 'family', 'state'],
    ['a/', 'family', 'state'],
    ['a/@c', '', 'request'],
    ['x/@ask', 'request', 'request'],
    ['a/c/d', '', 'state'],
    ['a/ev/d', '', 'event'],
    ['event/x', '', 'event'],
    ['event', '', 'state'],
    ['', '', 'state'],
  ])('describes %j', (key, summary, kind) => {
    const found = catalogue.resolve(key);
    expect([found.summary, found.kind]).toEqual([summary, kind]);
  });

  it('lays an example out, if it is JSON', () => {
    expect(exampleText(entry({ example: '{"a":[1.0]}' }))).toBe('{\n  "a": [\n    1.0\n  ]\n}');
    expect(exampleText(entry({ example: 'hello chat' }))).toBe('hello chat');
    expect(exampleText(entry({ example: '' }))).toBe(null);
    expect(exampleText(entry({ kind: 'secret' }))).toBe(null);
  });

  it('knows what is no JSON', () => {
    expect(isPlain(entry({ kind: 'request', example: 'hello chat' }))).toBe(true);
    expect(isPlain(entry({ kind: 'request', example: '{"a":1}' }))).toBe(false);
    expect(isPlain(entry({ kind: 'request', example: '' }))).toBe(false);
    expect(isPlain(entry({ kind: 'request' }))).toBe(false);
    expect(isPlain(entry({ example: '2026-05-01', schema: { type: 'string' } }))).toBe(false);
  });

  it('leaves out secrets that were left empty, whatever the case of their names, if they are set', () => {
    expect(leaveOut('{"Password":"","bind":""}', { password: true })).toBe('{"bind":""}');
    expect(leaveOut('{"Password":"new","bind":""}', { Password: true })).toBe('{"Password":"new","bind":""}');
    for (const text of ['{"password": "", "bind": ""}', 'no JSON', '[""]']) expect(leaveOut(text, { password: false })).toBe(text);
    for (const text of ['{"bind": ""}', 'no JSON', '[""]', '']) expect(leaveOut(text, { password: true })).toBe(text);
  });
});

/** A list on a server that holds `names` in their order. */
class Served {
  names: string[];
  asked: (string | null)[] = [];

  constructor(count: number) {
    this.names = Array.from({ length: count }, (_, n) => String(n).padStart(5, '0'));
  }

  ask = (after: string | null): Promise<Answer<string>> => {
    this.asked.push(after);
    const left = this.names.filter((name) => after === null || name > after);
    const items = left.slice(0, 10);
    return Promise.resolve({ items, next: left.length > 10 ? (items.at(-1) ?? null) : null });
  };
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await Promise.resolve();
}

describe('a list in pages', () => {
  it('is asked for only as far as it is looked at', async () => {
    const served = new Served(1000);
    const list = new Paged(new Shelf(), served.ask, (name) => name);
    list.want(0, 25);
    await settled();
    expect([list.count, list.isWhole, served.asked.length]).toEqual([30, false, 3]);
    expect(list.at(25)).toBe('00025');
    expect(list.at(30)).toBeUndefined();
  });

  it('lets go of what was not looked at for long, and gets it again', async () => {
    const served = new Served(1000);
    const shelf = new Shelf();
    const list = new Paged(shelf, served.ask, (name) => name);
    for (let row = 0; row < 1000; row += 10) {
      list.want(row, row + 9);
      await settled();
    }
    expect([list.count, list.isWhole]).toEqual([1000, true]);
    expect(shelf.rows).toBe(160);
    expect(list.at(5)).toBeUndefined();
    list.want(5, 5);
    await settled();
    expect(list.at(5)).toBe('00005');
    expect(list.count).toBe(1000);
  });

  it('takes what has come and gone', async () => {
    const served = new Served(30);
    const list = new Paged(new Shelf(), served.ask, (name) => name);
    list.want(0, 29);
    await settled();
    expect(list.isWhole).toBe(true);
    served.names = ['00000a', ...served.names.filter((name) => name !== '00015')].sort();
    list.renew(0, 29);
    await settled();
    expect(Array.from({ length: list.count }, (_, index) => list.at(index))).toEqual(served.names);
    served.names = [];
    list.renew(0, 29);
    await settled();
    expect([list.count, list.isWhole]).toEqual([0, true]);
    served.names = ['new'];
    list.renew(0, 0);
    await settled();
    expect(list.at(0)).toBe('new');
  });

  it('says why it goes no further, and goes on when it is asked to', async () => {
    const served = new Served(20);
    let isBroken = true;
    const list = new Paged(
      new Shelf(),
      (after) => (isBroken ? Promise.reject(new Error('gone')) : served.ask(after)),
      (name) => name,
    );
    list.want(0, 5);
    await settled();
    expect(list.problem).toBe('gone');
    isBroken = false;
    list.want(0, 5);
    await settled();
    expect([list.problem, list.count]).toEqual([null, 10]);
  });

  it('takes no answer after its end', async () => {
    const list = new Paged(new Shelf(), new Served(20).ask, (name) => name);
    list.want(0, 5);
    list.stop();
    await settled();
    expect(list.count).toBe(0);
  });
});
