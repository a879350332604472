import { expect, test } from 'vitest';
import { makerOf, placeOf, safeLink, safePicture, secondsLeft, type Question } from '../src/question/question';

test.each([
  ['127.0.0.1', 'here'],
  ['127.8.9.10', 'here'],
  ['::1', 'here'],
  ['::ffff:127.0.0.1', 'here'],
  ['10.0.0.7', 'network'],
  ['172.16.0.1', 'network'],
  ['172.32.0.1', 'internet'],
  ['192.168.1.20', 'network'],
  ['::ffff:192.168.1.20', 'network'],
  ['169.254.3.4', 'network'],
  ['fe80::1%eth0', 'network'],
  ['fd12:3456::1', 'network'],
  ['fc00::1', 'network'],
  ['2001:db8::1', 'internet'],
  ['203.0.113.9', 'internet'],
  ['10.evil.example', 'internet'],
  ['127.0.0.1.evil.example', 'internet'],
  ['', 'internet'],
])('the address %s is %s', (address, place) => {
  expect(placeOf(address)).toBe(place);
});

test.each([
  [null, 'program'],
  ['https://overlays.example', 'page'],
  ['http://localhost:3000', 'page'],
  ['null', 'file'],
  ['file://', 'file'],
  ['http://absolute', 'file'],
  ['http://absolute.example', 'page'],
])('the origin %s is a %s', (origin, maker) => {
  expect(makerOf(origin)).toBe(maker);
});

test.each(['https://a.example/', 'HTTP://a.example/'])('%s may be followed', (text) => {
  expect(safeLink(text)).toBe(text.toLowerCase());
});

test.each(['javascript:alert(1)', ' https://a.example', 'data:text/html,x', '//a.example', 'https://', 'ftp://a.example', ''])(
  '%s is no link',
  (text) => {
    expect(safeLink(text)).toBeNull();
  },
);

test.each(['https://a.example/icon.png', 'data:text/html,x', 'blob:x', ' data:image/png,', ''])(
  '%s is no picture to show',
  (text) => {
    expect(safePicture(text)).toBeNull();
  },
);

test('the time that is left never leaves its bounds, whatever the clocks say', () => {
  const question = { asked_at_ms: 1_000_000 } as Question;
  expect(secondsLeft(question, 1_000_000)).toBe(120);
  expect(secondsLeft(question, 1_030_500)).toBe(90);
  expect(secondsLeft(question, 9_000_000)).toBe(0);
  expect(secondsLeft(question, 0)).toBe(120);
});
