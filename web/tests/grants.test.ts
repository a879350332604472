import { expect, it } from 'vitest';
import { endOfToday, fromField, inDays, toField } from '../src/grant/expiry';
import { NEEDS, originOf } from '../src/pages/apps/grants';
import { overlayUrl } from '../src/pages/welcome/welcome';

const at = (...parts: [number, number, number, number?, number?]): number => new Date(...parts).getTime();

it.each([
  [at(2026, 0, 5, 20, 15), at(2026, 0, 6, 6)],
  [at(2026, 0, 5, 0, 0), at(2026, 0, 6, 6)],
  [at(2026, 0, 31, 23, 59), at(2026, 1, 1, 6)],
  [at(2026, 11, 31, 12), at(2027, 0, 1, 6)],
])('today ends in the morning after', (now, end) => {
  expect(endOfToday(now)).toBe(end);
});

it('days are counted by the calendar', () => {
  expect(inDays(at(2026, 2, 15, 12), 30)).toBe(at(2026, 3, 14, 12));
});

it('a field says the minute that it was given', () => {
  expect(toField(at(2026, 0, 5, 9, 7))).toBe('2026-01-05T09:07');
  expect(fromField('2026-01-05T09:07')).toBe(at(2026, 0, 5, 9, 7));
  expect(fromField('')).toBeNull();
});

it.each([
  ['https://a.example/page?x#y', 'https://a.example'],
  ['a.example', 'https://a.example'],
  [' http://A.example:8080 ', 'http://a.example:8080'],
  ['https://a.example:443/', 'https://a.example'],
  ['chrome-extension://ABCdef/page.html', 'chrome-extension://abcdef'],
  ['tauri://localhost', 'tauri://localhost'],
  ['app://obsidian.md/', 'app://obsidian.md'],
  ['app://obsidian.md:80?x', 'app://obsidian.md:80'],
  ['app://me@obsidian.md', null],
  ['file:///etc/passwd', null],
  ['file://localhost/etc/passwd', null],
  ['javascript://a.example', null],
  ['javascript:alert(1)', null],
  ['https://', null],
  ['', null],
  ['two words', null],
])('the origin of %s is %s', (text, origin) => {
  expect(originOf(text)).toBe(origin);
});

it('an overlay gets its key behind the #, and nothing of it is sent', () => {
  const url = new URL(overlayUrl('chat', 'ws://localhost:4337/ws', 'ws://127.0.0.1:8081/', 'overlay-a&b'));
  expect(url.origin + url.pathname + url.search).toBe('http://localhost:4337/static/examples/chat/');
  expect(Object.fromEntries(new URLSearchParams(url.hash.slice(1)))).toEqual({ port: '8081', key: 'overlay-a&b' });
});

it('all that a sample overlay needs can be given to a key', () => {
  for (const scopes of Object.values(NEEDS)) for (const scope of scopes) expect(scope).toMatch(/^(event:\w+\.\w+|read:[\w/]+)$/);
});
