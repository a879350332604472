import { flushSync } from 'svelte';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOST, RequestError, type Kilovolt } from '../src/kilovolt';
import { findConcerns, type Door, type Status } from '../src/pages/dashboard/attention';
import { changesOf } from '../src/pages/dashboard/changes';
import { isChat, mentions, readEvent, summarize, type FeedEvent } from '../src/pages/dashboard/events';
import { Feed, MAX_CHARS, MAX_CHAT, MAX_EVENTS } from '../src/pages/dashboard/feed.svelte';
import { SAMPLES, Traffic, type Connected } from '../src/pages/dashboard/traffic.svelte';
import { merge, type Run } from '../src/runs.svelte';
import { session } from '../src/session.svelte';

const event = (name: string, data: unknown): FeedEvent =>
  readEvent(0, `event/${name}`, typeof data === 'string' ? data : JSON.stringify(data), 0);

describe('an event', () => {
  it('has a source and a type, whatever follows', () => {
    expect(readEvent(7, 'event/General/a/b', '{}', 5)).toMatchObject({ n: 7, atMs: 5, source: 'General', type: 'a/b' });
    expect(readEvent(0, 'event/', '', 0)).toMatchObject({ source: '', type: '' });
  });

  it.each([
    ['Twitch/ChatMessage', true],
    ['YouTube/Message', true],
    ['Custom/Message', false],
    ['Twitch/Follow', false],
  ])('%s is chat: %s', (name, isSaid) => {
    expect(isChat(event(name, {}))).toBe(isSaid);
  });

  it('is told by who, what and how many', () => {
    expect(summarize(event('Twitch/ChatMessage', { user: { name: 'Ada', color: '#FF0000' }, text: 'hello' }))).toMatchObject({
      verb: 'says',
      name: 'Ada',
      color: '#FF0000',
      message: 'hello',
    });
    expect(summarize(event('Twitch/Raid', { from_broadcaster_user_name: 'Bo', viewers: 12 }))).toMatchObject({
      verb: 'raids',
      name: 'Bo',
      count: 12,
    });
  });

  it.each(['', 'no JSON', '[]', 'null', '3', '{"user":[],"text":{},"message":7}', '{"user":{"name":{}}}'])(
    'of any text, %j, there is something to say',
    (text) => {
      const { name, color, count } = summarize(event('Twitch/ChatMessage', text));
      expect([name, color, count]).toEqual(['', null, 0]);
    },
  );

  it('takes nothing for a colour that is none', () => {
    const color = 'red;background:url(//example.org)';
    expect(summarize(event('Twitch/ChatMessage', { user: { name: 'x', color } })).color).toBeNull();
  });

  it('is cut where a row ends', () => {
    expect(summarize(event('Custom/Long', 'x'.repeat(10_000))).message.length).toBeLessThan(500);
  });

  it.each([
    ['twitch.chat', true],
    ['ada', true],
    ['héllo', true],
    ['"text"', false],
    ['nobody', false],
  ])('is found by %j: %s', (needle, isFound) => {
    const text = '{"user":{"name":"Ada"},"text":"h\\u00e9llo"}';
    expect(mentions(event('Twitch/ChatMessage', text), needle)).toBe(isFound);
  });
});

describe('the feed', () => {
  let feed: Feed;
  beforeEach(() => {
    vi.useFakeTimers();
    feed = new Feed();
    return () => vi.useRealTimers();
  });

  it('keeps the newest, and no more', () => {
    for (let n = 0; n < MAX_EVENTS + 5; n += 1) feed.take('{}', 'event/Twitch/ChatMessage');
    feed.flush();
    expect(feed.total).toBe(MAX_EVENTS + 5);
    expect([feed.all.length, feed.all[0]?.n, feed.chat.length]).toEqual([MAX_EVENTS, 5, MAX_CHAT]);
  });

  it('keeps fewer of large ones, also while nobody looks', () => {
    const large = 'x'.repeat(MAX_CHARS / 4);
    for (let n = 0; n < 40; n += 1) feed.take(large, 'event/Custom/Large');
    feed.flush();
    expect(feed.all.map(({ n }) => n)).toEqual([36, 37, 38, 39]);
    feed.take('x'.repeat(MAX_CHARS + 1), 'event/Custom/Larger');
    feed.flush();
    expect(feed.all.map(({ n }) => n)).toEqual([40]);
    expect(feed.shown.map(({ n }) => n)).toEqual([40]);
  });

  it('holds back what comes while it is paused', () => {
    feed.take('1', 'event/Custom/One');
    feed.flush();
    feed.pause();
    feed.take('2', 'event/Custom/Two');
    feed.flush();
    expect([feed.shown.length, feed.held]).toEqual([1, 1]);
    feed.resume();
    expect([feed.shown.length, feed.held]).toEqual([2, 0]);
  });

  it('counts the last minute', () => {
    feed.take('', 'event/Custom/Old');
    vi.advanceTimersByTime(59_000);
    feed.take('', 'event/Custom/New');
    expect(feed.perMinute()).toBe(2);
    vi.advanceTimersByTime(2_000);
    expect(feed.perMinute()).toBe(1);
  });
});

describe('the feed, of what happened before', () => {
  /** A connection whose answers a test gives. */
  class Line {
    state = 'open';
    say: (text: string, key: string) => void = () => undefined;
    answer: (recent: unknown) => Promise<void> = () => Promise.resolve();
    fail: (error: Error) => Promise<void> = () => Promise.resolve();
    asked = 0;

    subscribePrefix(_prefix: string, listener: (text: string, key: string) => void): () => void {
      this.say = listener;
      return () => (this.say = () => undefined);
    }

    call(key: string): Promise<unknown> {
      expect(key).toBe('stagedoor/@recent-events');
      this.asked += 1;
      return new Promise((resolve, reject) => {
        this.answer = (recent) => (resolve(recent), new Promise((done) => setTimeout(done)));
        this.fail = (error) => (reject(error), new Promise((done) => setTimeout(done)));
      });
    }

    /** The connection comes, or comes back. */
    open(): void {
      this.state = 'open';
      session.epoch += 1;
      flushSync();
    }
  }

  const kept = (...names: string[]): unknown[] =>
    names.map((name) => ({ number: 1000 + Number(name), at_ms: 5, key: 'event/Custom/Thing', value: name }));
  const texts = (): string[] => feed.shown.map(({ text }) => text);
  const happen = (...names: string[]): void => names.forEach((name) => line.say(name, 'event/Custom/Thing'));

  let feed: Feed;
  let line: Line;
  beforeEach(() => {
    feed = new Feed();
    line = new Line();
    feed.follow(line as unknown as Kilovolt);
    flushSync();
  });
  afterEach(() => feed.follow(null));

  it('shows it before what has come since, each once', async () => {
    happen('3', '4');
    feed.flush();
    expect(texts()).toEqual([]);
    await line.answer({ last: 1004, events: kept('1', '2', '3', '4') });
    happen('5');
    feed.flush();
    expect(texts()).toEqual(['1', '2', '3', '4', '5']);
    expect(feed.all.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4]);
    expect([feed.total, feed.all[0]?.atMs, feed.perMinute()]).toEqual([5, 5, 3]);
    expect([...feed.kinds.keys()]).toEqual(['Custom']);
  });

  it('counts what is remembered of the last minute', async () => {
    const now = Math.floor(Date.now() / 1000) * 1000;
    const [old, one, two] = kept('1', '2', '3') as { at_ms: number }[];
    happen('4');
    await line.answer({ last: 1004, events: [old, { ...one, at_ms: now - 40_000 }, { ...two, at_ms: now - 20_000 }, ...kept('4')] });
    expect(feed.perMinute(now)).toBe(3);
    expect(feed.perMinute(now + 30_000)).toBe(2);
  });

  it('counts what was heard and is not kept', async () => {
    happen('3', '4 is too large', '5');
    await line.answer({ last: 1005, events: kept('1', '2', '3', '5') });
    expect(texts()).toEqual(['1', '2', '3', '4 is too large', '5']);
  });

  it('puts it through the filter, and holds it back in a pause', async () => {
    feed.text = '2';
    await line.answer({ last: 1003, events: kept('1', '2', '3') });
    expect(texts()).toEqual(['2']);
    feed.text = '';
    feed.pause();
    line.open();
    await line.answer({ last: 1005, events: kept('1', '2', '3', '4', '5') });
    expect([texts(), feed.held]).toEqual([['2'], 2]);
    feed.resume();
    expect(texts()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('asks anew when the connection comes back, for what was missed meanwhile', async () => {
    await line.answer({ last: 1001, events: kept('1') });
    happen('2');
    line.open();
    expect(line.asked).toBe(2);
    happen('4');
    await line.answer({ last: 1004, events: kept('1', '2', '3', '4') });
    expect(texts()).toEqual(['1', '2', '3', '4']);
  });

  it('asks when there is a connection, again when it was lost on the way', async () => {
    const late = new Line();
    late.state = 'connecting';
    feed.follow(late as unknown as Kilovolt);
    flushSync();
    expect(late.asked).toBe(0);
    late.open();
    await late.fail(new RequestError(LOST, ''));
    late.open();
    await late.answer({ last: 1001, events: kept('1') });
    expect(texts()).toEqual(['1']);
  });

  it('shows what comes although there is no answer, and nothing twice later', async () => {
    happen('2');
    await line.fail(new RequestError('request failed', ''));
    happen('3');
    feed.flush();
    expect(texts()).toEqual(['2', '3']);
    line.open();
    await line.answer({ last: 1004, events: kept('1', '2', '3', '4') });
    line.open();
    await line.answer({ last: 1005, events: kept('1', '2', '3', '4', '5') });
    expect(texts()).toEqual(['2', '3', '5']);
  });

  it('leaves out what was cleared before it came', async () => {
    happen('2');
    feed.clear();
    await line.answer({ last: 1002, events: kept('1', '2') });
    happen('3');
    feed.flush();
    expect(texts()).toEqual(['3']);
  });

  it('has nothing of it read out, but what comes then', async () => {
    await line.answer({ last: 1001, events: kept('1') });
    expect(feed.isLive).toBe(false);
    happen('2');
    expect(feed.isLive).toBe(true);
  });
});

describe('what needs attention', () => {
  const calm: Status = { warnings: [], open_questions: 0, failed_commits: 0 };
  const door = (problem: string | null, is_open = false): Door => ({ name: 'Kilovolt', option: 'http', is_open, problem });

  it('is nothing when all is well, or off on purpose', () => {
    expect(findConcerns(calm, [door(null, true), door('it is off'), door(null)])).toEqual([]);
  });

  it('begins with who waits and what may be lost', () => {
    const kinds = findConcerns({ warnings: ['anything'], open_questions: 2, failed_commits: 1 }, [door('in use')]);
    expect(kinds.map(({ kind }) => kind)).toEqual(['questions', 'writes', 'door', 'other']);
  });

  it('tells once of a shut door', () => {
    const concerns = findConcerns({ ...calm, warnings: ['in use'] }, [door('in use')]);
    expect(concerns).toEqual([{ kind: 'door', name: 'Kilovolt', problem: 'in use' }]);
  });

  it.each([
    ['off', 'login needed', []],
    ['connected', 'ok', []],
    ['connecting', 'ok', []],
    ['connected', 'login needed', ['bot']],
    ['login needed', 'login needed', ['login']],
    ['not configured', 'ok', ['notConfigured']],
    ['offline', 'ok', ['offline']],
  ])('of Twitch, when it is %s and its bot %s, is %j', (state, bot, matters) => {
    const found = findConcerns(calm, [], { state, problem: null, bot: { state: bot, problem: null } });
    expect(found.map((one) => one.kind === 'twitch' && one.matter)).toEqual(matters);
  });

  it.each([
    ['http/config: not JSON', 'setting'],
    ['anybody beyond this machine, on localhost', 'exposed'],
    ['there is no password', 'password'],
    ['--trust-all-origins is set', 'origins'],
    ['the disk is full', 'other'],
    ['this is a demo: its Twitch is pretended, and nothing that you do is kept', 'demo'],
  ])('sorts %j under %s', (text, kind) => {
    expect(findConcerns({ ...calm, warnings: [text] }, []).map((one) => one.kind)).toEqual([kind]);
  });
});

describe('what was changed of an example', () => {
  it.each([
    [{ a: 1 }, { a: 1 }, {}],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
    [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
    [{}, { constructor: 1 }, { constructor: 1 }],
    [{ a: 1 }, {}, undefined],
    [{ toString: 1 }, {}, undefined],
    [{ a: { b: 1 } }, { a: {} }, undefined],
    [{ a: 1 }, { a: null }, undefined],
    [{ a: 1 }, [], undefined],
    ['a', { a: 1 }, undefined],
  ])('%j to %j: %j', (example, value, changes) => {
    expect(changesOf(example, value)).toEqual(changes);
  });
});

describe('traffic', () => {
  const client = (id: string, received: number, sent: number): Connected => ({
    id,
    received,
    sent,
    door: 'http',
    address: '127.0.0.1',
    port: 1,
    origin: null,
    program: null,
    ground: 'console',
    level: 'owner',
    credential: null,
    scopes: null,
    since_ms: 0,
    queued_bytes: 0,
    subscriptions: 0,
  });

  it('is what counters grew by in a second', () => {
    const traffic = new Traffic();
    traffic.learn([client('a', 10, 100)], 1_000);
    expect(traffic.total).toBeNull();
    traffic.learn([client('a', 30, 100), client('b', 1_000, 1_000)], 3_000);
    expect(traffic.rates).toEqual(new Map([['a', { received: 10, sent: 0 }]]));
    expect(traffic.total).toEqual({ received: 10, sent: 0 });
    traffic.forget();
    traffic.learn([client('a', 0, 0)], 5_000);
    expect(traffic.total).toBeNull();
  });

  it('is remembered once a second, for ten minutes, with a gap where nobody looked', () => {
    const traffic = new Traffic();
    traffic.sample(1, 10_000);
    traffic.sample(2, 10_900);
    expect(traffic.samples.slice(0, 2)).toEqual([[10], [1]]);
    traffic.sample(3, 20_000);
    expect(traffic.samples.slice(0, 2)).toEqual([[10, 19, 20], [1, null, 3]]);
    for (let second = 21; second < 2_000; second += 1) traffic.sample(0, second * 1_000);
    expect(traffic.samples.map((line) => line.length)).toEqual(Array(5).fill(SAMPLES));
  });
});

describe('runs of actions', () => {
  const run = (id: string, state: Run['state'] = 'running'): Run => ({
    id,
    actionId: 'x',
    name: 'x',
    source: 'x',
    at_ms: 0,
    duration_ms: null,
    state,
    args: {},
    steps: [],
  });

  it('change in their place, and new ones come first', () => {
    const changed = new Map([run('b', 'done'), run('c'), run('d')].map((one) => [one.id, one]));
    const all = merge([run('b'), run('a')], changed, 3);
    expect(all.map(({ id, state }) => `${id} ${state}`)).toEqual(['d running', 'c running', 'b done']);
  });
});
