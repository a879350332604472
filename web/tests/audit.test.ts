import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { it as italian } from '../src/i18n/it';
import { accepts, Audit, type Entry, type Facts } from '../src/pages/audit/audit.svelte';
import { say, TOPICS, weightOf } from '../src/pages/audit/words';
import type { Kilovolt } from '../src/kilovolt';

const entry = (kind: string, facts: Facts = {}, n = 1): Entry => ({ n, at_ms: n, kind, facts, previous: '', hash: '' });

describe('an entry in words', () => {
  it.each<[string, Facts, string]>([
    ['start', { version: '1.2' }, 'stagedoor 1.2 started'],
    ['stop', {}, 'stagedoor stopped'],
    ['login', { ground: 'password', door: 'Kilovolt' }, 'Somebody with the password came in at the Kilovolt door'],
    ['login', { ground: 'remembered: Wheel', door: 'Kilovolt' }, '“Wheel” came in at the Kilovolt door'],
    ['login', { ground: 'overlay key: Chat', door: 'Streamer.bot' }, '“Chat” came in at the Streamer.bot door'],
    ['login', { ground: 'something new' }, 'something new came in'],
    ['login', {}, 'Somebody came in'],
    ['refused', { reason: 'a wrong password', address: '10.0.0.7' }, 'Refused: a wrong password, from 10.0.0.7'],
    [
      'refused',
      { reason: 'a wrong password', address: '10.0.0.7', count: 41 },
      'Refused: a wrong password, from 10.0.0.7 (41 times more within a minute)',
    ],
    ['refused', { reason: 'no such thing', origin: 'https://a.example' }, 'Refused: no such thing, from https://a.example'],
    ['asked', { what: 'app', name: 'Wheel' }, '“Wheel” asked to come in'],
    ['asked', { what: 'origin', origin: 'https://a.example' }, 'A page of https://a.example wanted to connect'],
    ['asked', { what: 'device', name: 'Chrome' }, '“Chrome” asked to use this console as you'],
    ['answered', { what: 'app', name: 'Wheel', verdict: 'remembered' }, 'You answered “Wheel”: let in for good'],
    ['answered', { what: 'origin', origin: 'https://a.example', verdict: 'refused' }, 'You answered about https://a.example: denied'],
    ['remembered', { what: 'overlay-key', name: 'Chat' }, 'Given: the overlay key “Chat”'],
    ['changed', { what: 'app', name: 'Wheel' }, 'Changed: the application “Wheel”'],
    ['revoked', { what: 'origin', origin: 'https://a.example' }, 'Taken back: the web site https://a.example'],
    ['revoked', { what: 'device', id: '1f', name: 'Chrome' }, 'Taken back: the browser “Chrome”'],
    ['revoked', { what: 'constructor', name: 'x' }, 'Taken back: “x”'],
    ['expired', { what: 'app', name: 'Wheel' }, 'Ran out: the application “Wheel”'],
    ['origin', { origin: 'https://a.example', decision: 'allowed' }, 'Pages of https://a.example may connect'],
    ['origin', { origin: 'https://a.example', decision: 'denied', asked: true }, 'Pages of https://a.example may not connect'],
    ['origin', { origin: 'https://a.example', decision: 'timeout' }, 'You did not say in time whether pages of https://a.example may connect'],
    ['use', { ground: 'remembered: Wheel', verb: 'write', area: 'counter/' }, '“Wheel” wrote counter/ for the first time'],
    ['setting', { key: 'http/config', members: ['bind', 'kv_password'] }, 'The setting http/config changed: bind, kv_password'],
    ['setting', { reason: 'restore', name: 'a.json', count: 3 }, 'Everything was replaced by a file: a.json'],
    ['reveal', { key: 'twitch/auth-keys' }, 'Shown: the tokens of your Twitch account (twitch/auth-keys)'],
    ['reveal', { key: 'constructor' }, 'Shown: constructor'],
    ['reveal', { what: 'overlay-key', name: 'Chat' }, 'Shown: the overlay key “Chat”'],
    ['reveal', { area: 'backup', name: 'a.json' }, 'Shown: the backup a.json'],
    ['pass', { what: 'link' }, 'A link to the console was made'],
    ['pass', { what: 'other' }, 'A browser signed in or out'],
    ['tls', { name: 'set', reason: 'auto' }, 'Encryption: set, auto'],
    ['broken', { reason: 'the line 3 was changed' }, 'The log is not whole: the line 3 was changed'],
    ['of another version', { a: 1, b: ['c', { d: 2 }] }, 'of another version · 1 · c, {"d":2}'],
  ])('%s %o', (kind, facts, text) => {
    expect(say(entry(kind, facts), en.audit)).toBe(text);
    expect(say(entry(kind, facts), italian.audit)).not.toContain('undefined');
  });

  it('hides no character', () => {
    expect(say(entry('asked', { what: 'app', name: 'txt.\u202eexe' }), en.audit)).toBe('“txt.\\u{202e}exe” asked to come in');
  });

  it('has a name and a topic for each kind', () => {
    const kinds = Object.keys(en.audit.kinds).sort();
    expect(Object.values(TOPICS).flat().sort()).toEqual(kinds);
    expect(Object.keys(italian.audit.kinds).sort()).toEqual(kinds);
    expect(weightOf(entry('refused'))).toBe('bad');
    expect(weightOf(entry('login'))).toBe('');
  });
});

it.each<[string[], string, boolean]>([
  [[], '', true],
  [['login'], '', true],
  [['start'], '', false],
  [[], 'WHEEL', true],
  [[], 'log', true],
  [[], 'bind', true],
  [[], 'button', false],
  [['login'], 'button', false],
])('an entry is wanted by kinds %o and the text “%s”: %s', (kinds, search, is) => {
  expect(accepts({ kinds, search }, entry('login', { name: 'Wheel', members: ['bind'] }))).toBe(is);
});

describe('the entries on the page', () => {
  interface Asked {
    kinds: string[];
    search: string;
    before?: number;
  }

  /** A server with so many entries; a page holds ten. */
  class Server {
    state = 'open';
    asked: Asked[] = [];
    listener: (text: string) => void = () => undefined;
    constructor(public total: number) {}

    async call(_key: string, question: Asked): Promise<unknown> {
      this.asked.push(question);
      await Promise.resolve();
      const end = question.before ?? this.total + 1;
      const entries = Array.from({ length: Math.min(10, end - 1) }, (_, index) => entry('login', {}, end - 1 - index));
      const last = entries.at(-1)?.n ?? 1;
      return { entries, next: last > 1 ? last : null, total: this.total, since_ms: 1, problem: null };
    }

    subscribe(_key: string, listener: (text: string) => void): () => void {
      this.listener = listener;
      return () => undefined;
    }

    push(): void {
      this.total += 1;
      this.listener(JSON.stringify(entry('login', {}, this.total)));
    }
  }

  const all = { kinds: [], search: '' };
  const follow = (audit: Audit, server: Server): (() => void) => audit.follow(server as unknown as Kilovolt, all);
  const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 120));
  const numbers = (audit: Audit): number[] => audit.entries.map(({ n }) => n);

  it('are fetched as far as one looks, and a little further', async () => {
    const server = new Server(200);
    const audit = new Audit();
    follow(audit, server);
    await settled();
    expect(numbers(audit)).toEqual(Array.from({ length: 50 }, (_, index) => 200 - index));
    await audit.want(100);
    expect(audit.entries.length).toBe(150);
    await audit.want(1000);
    expect(numbers(audit).at(-1)).toBe(1);
    expect(audit.hasMore).toBe(false);
    const times = server.asked.length;
    await audit.want(1000);
    expect(server.asked.length).toBe(times);
  });

  it('grow at the top, each once', async () => {
    const server = new Server(5);
    const audit = new Audit();
    follow(audit, server);
    server.push();
    await settled();
    server.push();
    await settled();
    expect(numbers(audit)).toEqual([7, 6, 5, 4, 3, 2, 1]);
    expect(audit.total).toBe(7);
    expect(audit.grown).toBeGreaterThan(0);
  });

  it('stay after a lost connection, with what came meanwhile', async () => {
    const server = new Server(60);
    const audit = new Audit();
    follow(audit, server)();
    const end = follow(audit, server);
    await settled();
    end();
    server.total = 64;
    follow(audit, server);
    await settled();
    expect(numbers(audit).slice(0, 5)).toEqual([64, 63, 62, 61, 60]);
    expect(new Set(numbers(audit)).size).toBe(audit.entries.length);
  });

  it('begin anew when too much came meanwhile', async () => {
    const server = new Server(20);
    const audit = new Audit();
    const end = follow(audit, server);
    await settled();
    end();
    server.total = 100;
    follow(audit, server);
    await settled();
    expect(numbers(audit)).toEqual(Array.from({ length: audit.entries.length }, (_, index) => 100 - index));
  });
});
