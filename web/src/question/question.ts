/** A question to be let in, and what there is to say of it. */

/** Who asks: a program or page that wants in, a web site that wants to connect, a device that wants to be a console. */
export type QuestionKind = 'app' | 'origin' | 'device';

/** One entry of `stagedoor/asks`. What it says of itself (from `name` on) may be a lie. */
export interface Question {
  id: string;
  kind: QuestionKind;
  address: string;
  /** Of the web page that asks; `null` for a program. */
  origin: string | null;
  /** The program at the other end, where the system tells. */
  program: string | null;
  asked_at_ms: number;
  name: string;
  author: string;
  url: string;
  icon: string;
  verification_code: string;
  /** What it wants to be let do; `null` for everything but secrets. */
  scopes: string[] | null;
}

/** What an owner gives with an answer. */
export interface Terms {
  /** `null` for what was asked for. */
  scopes: string[] | null;
  /** For one that is remembered; `null` for ever. */
  expiresAtMs: number | null;
}

/** One entry of `stagedoor/apps`. */
export interface App {
  id: string;
  name: string;
  author?: string;
  url?: string;
  origin: string | null;
  address: string;
  made_at_ms: number;
  /** Exact to an hour; `null` before it came back. */
  used_at_ms: number | null;
  /** What it may do; `null` for everything but secrets. */
  scopes: string[] | null;
  /** When it may no more; `null` for never. */
  expires_at_ms: number | null;
}

export const ASKS = 'stagedoor/asks';
export const APPS = 'stagedoor/apps';

/** What stagedoor calls an application that gives no name. */
export const NAMELESS = 'Unknown application';

/** How long stagedoor keeps a question open, in seconds. */
export const LIFETIME_S = 120;

/** Seconds until a question ends by itself. */
export function secondsLeft(question: Question, nowMs: number): number {
  return Math.min(LIFETIME_S, Math.max(0, Math.ceil(LIFETIME_S - (nowMs - question.asked_at_ms) / 1000)));
}

export type Place = 'here' | 'network' | 'internet';

/** Where an address is. */
export function placeOf(address: string): Place {
  const plain = address.toLowerCase().replace(/^::ffff:/, '').replace(/%.*$/, '');
  if (plain === '::1' || /^127\.\d+\.\d+\.\d+$/.test(plain)) return 'here';
  // Private and link-local addresses: RFC 1918, RFC 3927, RFC 4193, RFC 4291.
  const isNear = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.)[\d.]+$|^(f[cd][\da-f]{2}|fe[89ab][\da-f]):/;
  return isNear.test(plain) ? 'network' : 'internet';
}

export type Maker = 'program' | 'page' | 'file';

/** What kind of thing an origin names. */
export function makerOf(origin: string | null): Maker {
  if (origin === null) return 'program';
  // OBS calls a page from a file `http://absolute`, browsers call it `null`.
  return /^(null|file:.*|http:\/\/absolute)$/i.test(origin) ? 'file' : 'page';
}

/** The address of a link that may be followed; `null` for everything but web pages. */
export function safeLink(text: string): string | null {
  if (!/^https?:\/\//i.test(text)) return null;
  try {
    return new URL(text).href;
  } catch {
    return null;
  }
}

/** The address of a picture that is in the question itself; `null` for one that would have to be fetched. */
export function safePicture(text: string): string | null {
  return /^data:image\//i.test(text) ? text : null;
}
