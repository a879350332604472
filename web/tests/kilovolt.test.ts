import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Kilovolt, readJson, RequestError, type LineState } from '../src/kilovolt';

interface Sent {
  command: string;
  request_id: string;
  data: Record<string, unknown>;
}

class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  sent: Sent[] = [];
  bufferedAmount = 0;

  constructor(readonly url: string) {
    super();
    FakeSocket.all.push(this);
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Sent);
    this.bufferedAmount += text.length;
    setTimeout(() => (this.bufferedAmount -= text.length));
  }

  close(): void {
    this.drop(1000);
  }

  drop(code: number): void {
    this.dispatchEvent(new CloseEvent('close', { code }));
  }

  say(message: unknown): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(message) }));
  }

  /** Answers the last request of a command. */
  answer(command: string, data?: unknown): void {
    this.say({ type: 'response', ok: true, request_id: this.last(command).request_id, data });
  }

  last(command: string): Sent {
    const found = this.sent.findLast((request) => request.command === command);
    if (!found) throw new Error(`nothing asked ${command}`);
    return found;
  }
}

const newest = (): FakeSocket => FakeSocket.all.at(-1) as FakeSocket;
const settle = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(0);
};

let states: LineState[];
let kilovolt: Kilovolt;
let pass: string;

async function open(): Promise<FakeSocket> {
  const socket = newest();
  socket.dispatchEvent(new Event('open'));
  socket.answer('klogin');
  await settle();
  return socket;
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeSocket);
  FakeSocket.all = [];
  states = [];
  pass = 'a pass';
  kilovolt = new Kilovolt('ws://here/ws', () => pass, (state) => states.push(state));
});

afterEach(() => {
  kilovolt.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('the connection', () => {
  it('logs in with its pass before it is open', async () => {
    newest().dispatchEvent(new Event('open'));
    expect(newest().last('klogin').data).toEqual({ auth: 'token', token: 'a pass' });
    expect(kilovolt.state).toBe('connecting');
    newest().answer('klogin');
    await settle();
    expect(states).toEqual(['connecting', 'open']);
  });

  it('does not come back when its pass is refused', async () => {
    const socket = newest();
    socket.dispatchEvent(new Event('open'));
    socket.say({ ok: false, error: 'authentication failed', request_id: socket.last('klogin').request_id });
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kilovolt.state).toBe('refused');
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('does not come back when it is revoked', async () => {
    const socket = await open();
    socket.drop(4011);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kilovolt.state).toBe('refused');
    expect(FakeSocket.all).toHaveLength(1);
  });

  it('comes back with another pass that there is by then, also when its own is revoked or refused', async () => {
    const first = await open();
    pass = 'another';
    first.drop(4011);
    await vi.advanceTimersByTimeAsync(250);
    newest().dispatchEvent(new Event('open'));
    expect(newest().last('klogin').data).toEqual({ auth: 'token', token: 'another' });
    pass = 'a third';
    newest().say({ ok: false, error: 'authentication failed', request_id: newest().last('klogin').request_id });
    await settle();
    await vi.advanceTimersByTimeAsync(500);
    expect((await open()).last('klogin').data).toEqual({ auth: 'token', token: 'a third' });
    expect(states).not.toContain('refused');
  });

  it('tries anew when it does not come to be open', async () => {
    await vi.advanceTimersByTimeAsync(20_000);
    expect(kilovolt.state).toBe('waiting');
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeSocket.all).toHaveLength(2);
    await open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(kilovolt.state).toBe('open');
  });

  it('comes back by itself, more and more slowly, and at once when it is woken', async () => {
    (await open()).drop(1006);
    expect(kilovolt.state).toBe('waiting');
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeSocket.all).toHaveLength(2);
    newest().drop(1006);
    await vi.advanceTimersByTimeAsync(499);
    expect(FakeSocket.all).toHaveLength(2);
    kilovolt.wake();
    expect(FakeSocket.all).toHaveLength(3);
  });

  it('subscribes anew after it came back', async () => {
    const heard: string[] = [];
    const first = await open();
    const stop = kilovolt.subscribe('a', (value) => heard.push(value));
    kilovolt.subscribePrefix('b/', (value, key) => heard.push(`${key}=${value}`));
    kilovolt.subscribe('c', () => undefined)();
    first.drop(1006);
    await vi.advanceTimersByTimeAsync(250);
    const second = await open();
    expect(second.sent.map(({ command, data }) => [command, data])).toEqual([
      ['klogin', { auth: 'token', token: 'a pass' }],
      ['ksub', { key: 'a' }],
      ['ksub-prefix', { prefix: 'b/' }],
    ]);
    second.say({ type: 'push', key: 'a', new_value: '1' });
    second.say({ type: 'push', key: 'b/x', new_value: '2' });
    second.say({ type: 'push', key: 'other', new_value: '3' });
    expect(heard).toEqual(['1', 'b/x=2']);
    stop();
    expect(second.last('kunsub').data).toEqual({ key: 'a' });
  });
});

describe('a line that has gone without a word', () => {
  const asks = (socket: FakeSocket): number => socket.sent.filter(({ command }) => command === 'version').length;

  it('is noticed when an answer does not come', async () => {
    const socket = await open();
    const call = kilovolt.set('a', '1').catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(asks(socket)).toBe(1);
    expect(kilovolt.state).toBe('open');
    await vi.advanceTimersByTimeAsync(1);
    expect(kilovolt.state).toBe('waiting');
    expect(await call).toMatchObject({ code: 'connection lost' });
    await vi.advanceTimersByTimeAsync(250);
    await open();
    expect(kilovolt.state).toBe('open');
  });

  it('is noticed when the browser wakes up, though nothing was asked', async () => {
    const socket = await open();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asks(socket)).toBe(0);
    kilovolt.wake();
    await vi.advanceTimersByTimeAsync(5_000);
    kilovolt.wake();
    expect(asks(socket)).toBe(1);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(kilovolt.state).toBe('waiting');
  });

  it('is no request that takes long', async () => {
    const socket = await open();
    const call = kilovolt.call('slow/@one');
    for (let asked = 1; asked <= 20; asked += 1) {
      await vi.advanceTimersByTimeAsync(5_000);
      expect(asks(socket)).toBe(asked);
      // As a server that has much to do.
      await vi.advanceTimersByTimeAsync(9_000);
      socket.answer('version', '11');
    }
    socket.answer('kcall', '1');
    expect(await call).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asks(socket)).toBe(20);
    expect(kilovolt.state).toBe('open');
  });

  it('is none on which anything else comes', async () => {
    const socket = await open();
    const call = kilovolt.get('a');
    await vi.advanceTimersByTimeAsync(10_000);
    socket.say({ type: 'push', key: 'b', new_value: '1' });
    await vi.advanceTimersByTimeAsync(14_999);
    expect(kilovolt.state).toBe('open');
    socket.answer('kget', '1');
    expect(await call).toBe('1');
  });

  it('is judged only when the answer had its chance', async () => {
    const socket = await open();
    void kilovolt.get('a').catch(() => undefined);
    await vi.advanceTimersByTimeAsync(5_000);
    // The machine sleeps; its timers come when it wakes up.
    vi.setSystemTime(Date.now() + 3_600_000);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kilovolt.state).toBe('open');
    expect(asks(socket)).toBe(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(kilovolt.state).toBe('waiting');
  });

  it('is none while what was said is still on its way out', async () => {
    const socket = await open();
    const call = kilovolt.set('a', 'much').catch((error: unknown) => error);
    socket.bufferedAmount += 3;
    await vi.advanceTimersByTimeAsync(5_000);
    for (let left = 3; left > 0; left -= 1) {
      socket.bufferedAmount -= 1;
      await vi.advanceTimersByTimeAsync(10_000);
      expect(kilovolt.state).toBe('open');
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await call).toMatchObject({ code: 'connection lost' });
  });
});

describe('requests', () => {
  it('are answered each by its own', async () => {
    const socket = await open();
    const one = kilovolt.get('one');
    const first = socket.last('kget');
    const two = kilovolt.get('two');
    socket.answer('kget', '2');
    socket.say({ type: 'response', ok: true, request_id: first.request_id, data: '1' });
    expect(await Promise.all([one, two])).toEqual(['1', '2']);
  });

  it('fail with what the server said', async () => {
    const socket = await open();
    const call = kilovolt.call('stagedoor/@nothing').catch((error: unknown) => error);
    socket.say({ ok: false, error: 'no such request', details: 'why', request_id: socket.last('kcall').request_id });
    expect(await call).toMatchObject({ code: 'no such request', message: 'why' });
  });

  it('fail when the connection goes, and without one', async () => {
    const socket = await open();
    const call = kilovolt.get('a').catch((error: unknown) => error);
    socket.drop(1006);
    expect(await call).toMatchObject({ code: 'connection lost' });
    await expect(kilovolt.get('a')).rejects.toBeInstanceOf(RequestError);
  });

  it('read JSON in both directions', async () => {
    const socket = await open();
    const call = kilovolt.call<{ n: number }>('x/@y', { a: [1] });
    expect(socket.last('kcall').data).toEqual({ key: 'x/@y', data: '{"a":[1]}' });
    socket.answer('kcall', '{"n":2}');
    expect(await call).toEqual({ n: 2 });
  });
});

describe('a JSON text', () => {
  it.each([
    ['', null],
    ['nonsense', null],
    ['null', null],
    ['{"a":1}', { a: 1 }],
  ])('%j is read as %j', (text, value) => expect(readJson(text)).toEqual(value));
});
