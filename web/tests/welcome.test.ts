import { expect, test } from 'vitest';
import { asReached, overlayOrigin } from '../src/pages/welcome/welcome';

test('overlays come with TLS where the door speaks nothing else', () => {
  expect(overlayOrigin('ws://localhost:4337/ws')).toBe('http://localhost:4337');
  expect(overlayOrigin('wss://192.168.1.20:4337/ws')).toBe('https://192.168.1.20:4337');
});

test.each([
  ['http:', 'localhost', 'http://localhost:4337/static/examples/chat/#key=a%26b'],
  ['https:', 'localhost', 'https://localhost:4337/static/examples/chat/#key=a%26b'],
  ['https:', '192.168.1.20', 'https://192.168.1.20:4337/static/examples/chat/#key=a%26b'],
  ['https:', '[fd00::2]', 'https://[fd00::2]:4337/static/examples/chat/#key=a%26b'],
])('a console at %s//%s shows an overlay that it may show', (protocol, hostname, expected) => {
  expect(asReached('http://localhost:4337/static/examples/chat/#key=a%26b', { protocol, hostname })).toBe(expected);
});
