import { describe, expect, it } from 'vitest';
import { addressOf, hostsOf, originOf, readAddress, writeAddress, type Door } from '../src/pages/server/doors';
import { addressFor, homeNetworks, inPairs, needs, reachedFrom, readChoice, type Guard, type Machine, type Tls } from '../src/pages/server/reach';

const machine: Machine = {
  names: ['studio-1'],
  addresses: [
    { address: '127.0.0.1', kind: 'loopback', interface: 'lo' },
    { address: '::1', kind: 'loopback', interface: 'lo' },
    { address: '172.17.0.1', kind: 'private', interface: 'docker0' },
    { address: 'fd00::7', kind: 'private', interface: 'eth1' },
    { address: '192.168.1.20', kind: 'private', interface: 'wlan0' },
    { address: 'fd00::20', kind: 'private', interface: 'wlan0' },
    { address: 'fe80::20', kind: 'link-local', interface: 'wlan0' },
    { address: '203.0.113.5', kind: 'public', interface: 'ppp0' },
  ],
};

function door(...addresses: string[]): Door {
  return { name: 'Console', option: 'console', addresses, url: 'http://localhost:4330/', is_open: true, problem: null, connections: 0, is_chosen: false };
}

describe('where a door is', () => {
  it.each([
    [['127.0.0.1:1', '[::1]:1'], 'localhost'],
    [['127.0.0.1:1'], '127.0.0.1'],
    [['127.0.0.1:1', '[::1]:1', '192.168.1.20:1', '[fd00::20]:1'], 'localhost,192.168.1.20,fd00::20'],
    [['0.0.0.0:1'], '0.0.0.0'],
  ])('%j is written as its owner would', (addresses, host) => {
    expect(addressOf(door(...addresses))).toEqual({ host, port: 1 });
  });

  it('several hosts are read and written', () => {
    expect(writeAddress({ host: 'localhost,fd00::20, 192.168.1.20', port: 4330 })).toBe('localhost,[fd00::20],192.168.1.20:4330');
    expect(readAddress('localhost,192.168.1.20:4330')).toEqual({ host: 'localhost,192.168.1.20', port: 4330 });
    expect(hostsOf(' a, ,[::1],')).toEqual(['a', '::1']);
  });

  it('browsers are sent to its web address', () => {
    expect(originOf({ ...door(), url: 'wss://192.168.1.20:4337/ws' })).toBe('https://192.168.1.20:4337');
    expect(originOf({ ...door(), url: null })).toBeNull();
  });
});

describe('who reaches it', () => {
  it('home networks are the private ones, the likeliest first', () => {
    expect(homeNetworks(machine)).toEqual([
      { name: 'wlan0', addresses: ['192.168.1.20', 'fd00::20'] },
      { name: 'eth1', addresses: ['fd00::7'] },
      { name: 'docker0', addresses: ['172.17.0.1'] },
    ]);
  });

  it.each([
    ['localhost', 'here', []],
    ['127.0.0.1,127.0.0.2', 'here', []],
    ['localhost,192.168.1.20,fd00::20', 'home', ['wlan0']],
    ['localhost,192.168.1.20,172.17.0.1', 'home', ['wlan0', 'docker0']],
    // Without loopback, programs of this computer would not find it: somebody wrote that on purpose.
    ['192.168.1.20', 'given', ['wlan0']],
    ['localhost,192.168.1.99', 'given', []],
    ['localhost,203.0.113.5', 'given', []],
    ['0.0.0.0', 'all', []],
    ['::', 'all', []],
  ])('%s is the choice %s', (host, who, chosen) => {
    expect(readChoice(host, homeNetworks(machine))).toEqual({ who, chosen });
  });

  it.each([
    ['localhost', []],
    ['localhost,192.168.1.20', ['192.168.1.20']],
    ['0.0.0.0', ['172.17.0.1', '192.168.1.20', '203.0.113.5']],
    ['::', ['fd00::7', 'fd00::20']],
    ['fe80::20', ['fe80::20']],
  ])('%s is reached at %j', (host, addresses) => {
    expect(reachedFrom(host, machine).map(({ address }) => address)).toEqual(addresses);
  });

  it('another device calls it by a whole address', () => {
    expect(addressFor('kilovolt', 'fd00::20', 4337, true)).toBe('wss://[fd00::20]:4337/ws');
    expect(addressFor('streamerbot', '192.168.1.20', 8080, false, '/here')).toBe('ws://192.168.1.20:8080/here');
    expect(addressFor('console', '192.168.1.20', 4330, true)).toBe('https://192.168.1.20:4330/');
  });
});

describe('what has to change first', () => {
  const tls: Tls = { mode: 'auto', is_active: false, authority: null, certificate: null, plain_beyond_loopback: false, problem: null, is_chosen: false };
  const guard: Guard = { hasKilovoltPassword: true, hasStreamerbotPassword: true, isEnforced: true, isModeChosen: false };

  it('nothing where all is as it should be', () => {
    for (const option of ['kilovolt', 'streamerbot', 'streamerbot_http', 'console'] as const) {
      expect(needs(option, tls, guard)).toEqual({ changes: [], obstacles: [] });
    }
  });

  it('passwords have to be there, and are not made behind the owner’s back', () => {
    expect(needs('kilovolt', tls, { ...guard, hasKilovoltPassword: false }).obstacles).toEqual(['kilovoltPassword']);
    expect(needs('streamerbot', tls, { ...guard, hasStreamerbotPassword: false, isEnforced: false })).toEqual({
      changes: [],
      obstacles: ['streamerbotPassword'],
    });
    expect(needs('console', tls, { ...guard, hasKilovoltPassword: false }).obstacles).toEqual([]);
  });

  it('the Streamer.bot doors ask everybody from then on, unless something else was chosen', () => {
    expect(needs('streamerbot_http', tls, { ...guard, isEnforced: false })).toEqual({ changes: ['enforce'], obstacles: [] });
    expect(needs('streamerbot', tls, { ...guard, isEnforced: false, isModeChosen: true })).toEqual({ changes: [], obstacles: ['enforce'] });
  });

  it('TLS is switched on, but where plain text is let in or it was chosen', () => {
    expect(needs('console', { ...tls, mode: 'off' }, guard)).toEqual({ changes: ['tls'], obstacles: [] });
    expect(needs('console', { ...tls, mode: 'off', is_chosen: true }, guard)).toEqual({ changes: [], obstacles: ['tls'] });
    expect(needs('console', { ...tls, mode: 'off', plain_beyond_loopback: true }, guard)).toEqual({ changes: [], obstacles: [] });
  });
});

it('a fingerprint is written in pairs', () => {
  expect(inPairs('00abff')).toBe('00:AB:FF');
  expect(inPairs('')).toBe('');
});
