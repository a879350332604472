/** Where the server listens, in words and addresses. */

export type Option = 'kilovolt' | 'streamerbot' | 'streamerbot_http' | 'console';

export interface Door {
  name: string;
  /** What the requests call it. */
  option: Option;
  addresses: string[];
  /** Where programs of this computer reach it; `null` while it is shut. */
  url: string | null;
  is_open: boolean;
  /** Why it is shut. */
  problem: string | null;
  connections: number;
  /** Fixed for this run, by flag or environment. */
  is_chosen: boolean;
}

/** What the server tells of itself that this page needs. */
export interface Status {
  warnings: string[];
  /** The options that were set for this run, by flag or environment. */
  chosen: string[];
  settings: {
    asks: boolean;
    origins: string[];
    trust_all_origins: boolean;
    guests_may_speak: boolean;
    offer_challenge: boolean;
    streamerbot_auth: Mode | null;
    static: string | null;
  };
}

export type Mode = 'off' | 'on' | 'enforced';

export const HTTP_CONFIG = 'http/config';
export const STREAMERBOT_CONFIG = 'streamerbot/config';

export interface HttpConfig {
  bind?: string;
  enable_static_server?: boolean;
  path?: string;
  kv_password?: string;
}

export interface FileMapping {
  path: string;
  folder: string;
}

export interface StreamerbotConfig {
  bind?: string;
  http_bind?: string;
  endpoint?: string;
  authentication?: Mode;
  password?: string;
  files?: FileMapping[];
}

export interface Address {
  /** One, or several between commas. */
  host: string;
  port: number;
}

/** Where each door listens when nobody says otherwise. */
export const USUAL: Record<Option, Address> = {
  kilovolt: { host: 'localhost', port: 4337 },
  streamerbot: { host: '127.0.0.1', port: 8080 },
  streamerbot_http: { host: '127.0.0.1', port: 7474 },
  console: { host: 'localhost', port: 4330 },
};

export const EVERYWHERE = '0.0.0.0';

/** The server's word for a door that its owner shut. */
const OFF = 'it is off';

export function isOff(door: Door): boolean {
  return !door.is_open && door.problem === OFF;
}

/** Reads `127.0.0.1:8080` or `[::1]:8080`. */
export function readAddress(text: string): Address | null {
  const found = /^\[?(.*?)\]?:(\d+)$/.exec(text);
  return found ? { host: found[1] ?? '', port: Number(found[2]) } : null;
}

export function writeAddress({ host, port }: Address): string {
  return `${hostsOf(host).map(bracketed).join(',')}:${port}`;
}

/** Whether only programs of this computer reach it. */
export function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}

export function isExposed(door: Door): boolean {
  return door.addresses.some((text) => !isLocal(readAddress(text)?.host ?? ''));
}

/** Where the door is now, as its owner would write it; while it is shut, where it should be, or usually is. */
export function addressOf(door: Door, stored = ''): Address {
  const all = door.addresses.map(readAddress).filter((one) => one !== null);
  const [first] = all;
  if (first === undefined) return readAddress(stored) ?? USUAL[door.option];
  const hosts = all.map(({ host }) => host);
  const local = hosts.filter(isLocal);
  const others = hosts.filter((host) => !isLocal(host));
  return { host: [...(local.length > 1 ? ['localhost'] : local), ...others].join(','), port: first.port };
}

/** The hosts of an address that may have several. */
export function hostsOf(host: string): string[] {
  return host
    .split(',')
    .map((one) => one.trim().replace(/^\[|\]$/g, ''))
    .filter((one) => one !== '');
}

/** The address of the same door for browsers of this computer, without a slash at its end. */
export function originOf(door: Door): string | null {
  return door.url === null ? null : door.url.replace(/^ws/, 'http').replace(/^(\w+:\/\/[^/]*).*$/, '$1');
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
}
