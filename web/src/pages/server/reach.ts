/** Who can reach a door: what there is to choose from, and what a choice comes to. */

import { EVERYWHERE, hostsOf, isLocal, type Address, type Option } from './doors';

export const TLS = 'stagedoor/@tls';
export const SET_TLS = 'stagedoor/@set-tls';
export const TLS_CONFIG = 'stagedoor/tls';
export const NEW_AUTHORITY = 'stagedoor/@new-authority';
export const ADDRESSES = 'stagedoor/@addresses';

export interface MachineAddress {
  address: string;
  kind: 'loopback' | 'private' | 'link-local' | 'public';
  interface: string;
}

/** The answer to `stagedoor/@addresses`. */
export interface Machine {
  addresses: MachineAddress[];
  names: string[];
}

/** The answer to `stagedoor/@tls`. */
export interface Tls {
  mode: 'auto' | 'off';
  is_active: boolean;
  authority: { fingerprint: string; made_at_ms: number; expires_at_ms: number } | null;
  certificate: { names: string[]; issuer: string; expires_at_ms: number } | null;
  plain_beyond_loopback: boolean;
  problem: string | null;
  is_chosen: boolean;
}

/** What is stored about it. */
export interface TlsConfig {
  mode: 'auto' | 'off';
  certificate: string | null;
  key: string | null;
  plain_beyond_loopback: boolean;
}

export type Who = 'here' | 'home' | 'all' | 'given';

/** A network that this computer is in. */
export interface Network {
  /** The interface's. */
  name: string;
  addresses: string[];
}

/** How the names of interfaces begin that lead to virtual machines and private networks, seldom to a phone. */
const UNLIKELY =
  /^(br-|docker|lxc|lxd|podman|veth|vboxnet|virbr|vmnet|vethernet|hyper-v|wsl|tun|tap|utun|wg|tailscale|zt)/i;

/** The networks that are somebody's own, the likeliest home network first. */
export function homeNetworks(machine: Machine): Network[] {
  const found = new Map<string, string[]>();
  for (const { address, kind, interface: name } of machine.addresses) {
    if (kind === 'private') found.set(name, [...(found.get(name) ?? []), address]);
  }
  const rank = ({ name, addresses }: Network): number =>
    Number(UNLIKELY.test(name)) * 2 + Number(addresses.every((address) => address.includes(':')));
  return [...found].map(([name, addresses]) => ({ name, addresses })).sort((one, other) => rank(one) - rank(other));
}

/** Which choice an address is, and of which networks. */
export function readChoice(host: string, networks: Network[]): { who: Who; chosen: string[] } {
  const others = hostsOf(host).filter((one) => !isLocal(one));
  if (others.length === 0) return { who: 'here', chosen: [] };
  if (others.some((one) => one === EVERYWHERE || one === '::')) return { who: 'all', chosen: [] };
  const chosen = networks.filter(({ addresses }) => addresses.some((address) => others.includes(address)));
  const isHome = others.length < hostsOf(host).length && others.every((one) => chosen.some(({ addresses }) => addresses.includes(one)));
  return { who: isHome ? 'home' : 'given', chosen: chosen.map(({ name }) => name) };
}

/** The addresses at which other devices reach a door that listens there. */
export function reachedFrom(host: string, machine: Machine): MachineAddress[] {
  const hosts = hostsOf(host);
  return machine.addresses.filter(
    ({ address, kind }) =>
      kind !== 'loopback' &&
      (hosts.includes(address) || (kind !== 'link-local' && hosts.includes(address.includes(':') ? '::' : EVERYWHERE))),
  );
}

/** How another device has to call a door. */
export function addressFor(option: Option, address: string, port: number, isEncrypted: boolean, endpoint = '/'): string {
  const host = address.includes(':') ? `[${address}]` : address;
  const [scheme, path] = option === 'kilovolt' ? ['ws', '/ws'] : option === 'streamerbot' ? ['ws', endpoint] : ['http', '/'];
  return `${scheme}${isEncrypted ? 's' : ''}://${host}:${port}${path}`;
}

/** What is known of the doors' passwords; `null` for one that cannot be seen here, since it was chosen for this run. */
export interface Guard {
  hasKilovoltPassword: boolean;
  hasStreamerbotPassword: boolean;
  isEnforced: boolean;
  /** Whether the Streamer.bot doors' authentication was chosen for this run. */
  isModeChosen: boolean;
}

export type Change = 'tls' | 'enforce';
export type Obstacle = 'tls' | 'enforce' | 'kilovoltPassword' | 'streamerbotPassword';

/** What has to change before a door may be reached from elsewhere: what can be done along with it, and what cannot. */
export function needs(option: Option, tls: Tls, guard: Guard): { changes: Change[]; obstacles: Obstacle[] } {
  const changes: Change[] = [];
  const obstacles: Obstacle[] = [];
  if (tls.mode === 'off' && !tls.plain_beyond_loopback) (tls.is_chosen ? obstacles : changes).push('tls');
  if (option === 'kilovolt' && !guard.hasKilovoltPassword) obstacles.push('kilovoltPassword');
  if (option === 'streamerbot' || option === 'streamerbot_http') {
    if (!guard.hasStreamerbotPassword) obstacles.push('streamerbotPassword');
    else if (!guard.isEnforced) (guard.isModeChosen ? obstacles : changes).push('enforce');
  }
  return { changes, obstacles };
}

/** A choice that can be applied. */
export interface Plan {
  address: Address;
  changes: Change[];
}

/** Writes a fingerprint as browsers and systems show it. */
export function inPairs(fingerprint: string): string {
  return (fingerprint.toUpperCase().match(/../g) ?? []).join(':');
}
