/** What a browser keeps for the console: the address, the settings, the pass. */

import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

beforeEach(() => {
  vi.resetModules();
  localStorage.clear();
  history.replaceState(null, '', '/#/');
});

afterEach(() => vi.unstubAllGlobals());

describe('the address', () => {
  const load = async () => {
    const module = await import('../src/router.svelte');
    module.router.start();
    return module;
  };

  it.each([[[]], [['keys', 'a/b']], [['keys', '']], [['keys', '50%', 'è#?']]])('says where one is: %j', async (parts: string[]) => {
    const { href, router } = await load();
    history.replaceState(null, '', href(...parts));
    dispatchEvent(new HashChangeEvent('hashchange'));
    await settle();
    expect(router.parts).toEqual(parts);
  });

  it('is read also where it is no proper one', async () => {
    history.replaceState(null, '', '/#/keys/%E0%A4%A');
    expect((await load()).router.parts).toEqual(['keys', '%E0%A4%A']);
  });

  it.each([true, false])('stays until whoever has something to lose has answered: %s', async (mayGo) => {
    const { router } = await load();
    let answer: (may: boolean) => void = () => undefined;
    router.guard = () => new Promise((resolve) => (answer = resolve));
    history.replaceState(null, '', '#/log');
    dispatchEvent(new HashChangeEvent('hashchange'));
    expect([location.hash, router.parts]).toEqual(['#/', []]);
    answer(mayGo);
    await settle();
    expect([location.hash, router.parts]).toEqual(mayGo ? ['#/log', ['log']] : ['#/', []]);
  });
});

describe('settings', () => {
  const load = async () => (await import('../src/settings.svelte')).settings;

  it.each([
    ['it-IT', 'it'],
    ['en-GB', 'en'],
    ['de', 'en'],
  ])('begin in the language of the browser: %s in %s', async (spoken, language) => {
    vi.stubGlobal('navigator', { language: spoken });
    expect((await load()).language).toBe(language);
  });

  it.each(['{', 'null', '[]', '7', '{"theme":"pink","language":"xx","sound":"yes"}'])('take no harm from %j', async (text) => {
    localStorage.setItem('stagedoor.settings', text);
    expect(await load()).toMatchObject({ theme: 'system', language: 'en', sound: false, notification: false });
  });

  it('are remembered, and taken over from another tab', async () => {
    (await load()).change({ theme: 'dark', sound: true });
    vi.resetModules();
    const settings = await load();
    expect(settings).toMatchObject({ theme: 'dark', sound: true, notification: false });
    dispatchEvent(new StorageEvent('storage', { key: 'stagedoor.settings', newValue: '{"theme":"light"}' }));
    expect(settings).toMatchObject({ theme: 'light', sound: false });
  });
});

describe('the session', () => {
  const PASS = 'stagedoor.pass';
  const fetched = vi.fn<typeof fetch>();
  let opened: string[];

  const load = async () => {
    const { session } = await import('../src/session.svelte');
    await session.start();
    return session;
  };

  beforeEach(() => {
    opened = [];
    fetched.mockReset();
    vi.stubGlobal('fetch', fetched);
    vi.stubGlobal(
      'WebSocket',
      class extends EventTarget {
        constructor(url: string) {
          super();
          opened.push(url);
        }
        close(): void {}
      },
    );
  });

  it('is none without a pass', async () => {
    expect((await load()).state).toBe('signed-out');
    expect(opened).toEqual([]);
  });

  it('changes a code for a pass, and leaves none in the address', async () => {
    history.replaceState(null, '', '/#code=abc-123');
    fetched.mockResolvedValue(new Response('{"token":"secret"}'));
    const session = await load();
    expect(JSON.parse(String(fetched.mock.calls[0]?.[1]?.body))).toEqual({ code: 'abc-123' });
    expect([location.hash, localStorage.getItem(PASS), session.state]).toEqual(['#/', 'secret', 'starting']);
    expect(opened).toEqual([`ws://${location.host}/ws`]);
  });

  it('says that a link is used up, but not to whom is in already', async () => {
    fetched.mockResolvedValue(new Response('', { status: 403 }));
    history.replaceState(null, '', '/#code=old');
    expect((await load()).state).toBe('link-used');
    vi.resetModules();
    localStorage.setItem(PASS, 'secret');
    history.replaceState(null, '', '/#code=old');
    expect((await load()).state).toBe('starting');
  });

  it('ends here also when the server cannot be told', async () => {
    localStorage.setItem(PASS, 'secret');
    const session = await load();
    fetched.mockRejectedValue(new TypeError('no server'));
    await session.signOut();
    expect([session.state, session.hub, localStorage.getItem(PASS)]).toEqual(['signed-out', null, null]);
    expect(fetched.mock.calls[0]?.[1]).toMatchObject({ method: 'DELETE', headers: { Authorization: 'Bearer secret' } });
  });

  it('ends with the one of another tab', async () => {
    localStorage.setItem(PASS, 'secret');
    const session = await load();
    dispatchEvent(new StorageEvent('storage', { key: PASS, newValue: null }));
    expect(session.state).toBe('signed-out');
  });
});

describe('toasts', () => {
  it('are few, and none stands twice', async () => {
    const { showProblem, toasts } = await import('../src/ui/toasts.svelte');
    for (let n = 0; n < 20; n += 1) showProblem(new Error('always the same'));
    expect(toasts.all.length).toBe(1);
    for (let n = 0; n < 20; n += 1) showProblem(new Error(String(n)));
    expect(toasts.all.map(({ text }) => text)).toEqual(['15', '16', '17', '18', '19']);
  });

  it('that undo something are each for another thing', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { toasts } = await import('../src/ui/toasts.svelte');
    toasts.all = [];
    for (let n = 0; n < 2; n += 1) {
      toasts.show('It happened.');
      toasts.show('It was deleted.', 'info', { label: 'Undo', run: () => undefined });
    }
    expect(toasts.all.map(({ text }) => text)).toEqual(['It was deleted.', 'It happened.', 'It was deleted.']);
  });
});
