/** Says an entry of the audit log in words. */

import type { Texts } from '../../i18n/index.svelte';
import { textOf, type Entry, type Facts } from './audit.svelte';

type Words = Texts['audit'];

/** What can be chosen to be shown, and of which kinds it is. */
export const TOPICS = {
  comings: ['login', 'pass'],
  refusals: ['refused'],
  questions: ['asked', 'answered'],
  grants: ['remembered', 'changed', 'revoked', 'expired', 'origin'],
  uses: ['use'],
  settings: ['setting', 'account', 'tls'],
  secrets: ['reveal'],
  itself: ['start', 'stop', 'broken'],
} as const;
export type Topic = keyof typeof TOPICS;

const BAD = ['refused', 'broken'];
const NOTED = ['revoked', 'expired', 'reveal', 'setting', 'account', 'tls', 'origin'];

/** How much an entry should catch the eye. */
export function weightOf({ kind }: Entry): '' | 'warn' | 'bad' {
  return BAD.includes(kind) ? 'bad' : NOTED.includes(kind) ? 'warn' : '';
}

/** What happened, in a sentence; what comes from outside is in it as plain text. */
export function say(entry: Entry, words: Words): string {
  const { kind, facts } = entry;
  const count = typeof facts['count'] === 'number' && facts['count'] > 0 ? facts['count'] : 0;
  // What repeats within a minute is one entry, and one with a count for the others.
  const told = kind === 'setting' || count === 0 ? '' : ` ${words.again(count)}`;
  return `${sentence(kind, facts, words)}${told}`;
}

function sentence(kind: string, facts: Facts, words: Words): string {
  const text = (name: string): string => (facts[name] === undefined || facts[name] === null ? '' : visible(textOf(facts[name])));
  const what = named(facts, words);
  switch (kind) {
    case 'start':
      return words.start(text('version'));
    case 'stop':
      return words.stop;
    case 'login':
      return words.login(whoOf(facts, words), text('door'));
    case 'refused':
      return words.refused(words.reasons[text('reason')] ?? text('reason'), text('origin') || text('address'));
    case 'asked':
      return words.asked[subject(facts)](text('name') || text('origin'));
    case 'answered':
      return words.answered[subject(facts)](text('name') || text('origin'), words.verdicts[text('verdict')] ?? text('verdict'));
    case 'remembered':
      return words.remembered(what);
    case 'changed':
      return words.changed(what);
    case 'revoked':
      return words.revoked(what);
    case 'expired':
      return words.expired(what);
    case 'origin':
      return (words.sites[text('decision')] ?? words.siteUndecided)(text('origin'));
    case 'use':
      return words.use(whoOf(facts, words), words.verbs[text('verb')] ?? text('verb'), text('area'));
    case 'setting':
      return facts['key'] === undefined ? words.job(text('reason'), text('name')) : words.setting(text('key'), text('members'));
    case 'reveal':
      return words.reveal(facts['key'] === undefined ? what : secretOf(text('key'), words));
    case 'pass':
      return words.passes[text('what')] ?? words.pass;
    case 'account':
      return (words.accounts[text('reason')] ?? words.account)(text('name') || text('what'));
    case 'tls':
      return words.tls(text('name'), text('reason'));
    case 'broken':
      return words.broken(text('reason'));
    default:
      return [kind, ...Object.values(facts).map((value) => visible(textOf(value)))].join(' · ');
  }
}

/** The secret that a key holds, in words, and where it is. */
function secretOf(key: string, { secrets }: Words): string {
  return Object.hasOwn(secrets, key) ? `${secrets[key]} (${key})` : key;
}

const SUBJECTS = ['app', 'origin', 'device'] as const;

function subject(facts: Facts): (typeof SUBJECTS)[number] {
  return SUBJECTS.find((one) => one === facts['what']) ?? 'app';
}

/** Which of the things that the owner gives out it is about. */
function named(facts: Facts, words: Words): string {
  const name = visible(textOf(facts['name'] ?? facts['origin'] ?? facts['id'] ?? ''));
  const kind = String(facts['what'] ?? facts['area'] ?? '');
  return (Object.hasOwn(words.things, kind) ? words.things[kind] : undefined)?.(name) ?? `“${name}”`;
}

const GROUNDS = ['remembered: ', 'overlay key: '];

/** Who came in, by what let them in. */
function whoOf(facts: Facts, words: Words): string {
  const ground = visible(textOf(facts['ground'] ?? ''));
  for (const start of GROUNDS) if (ground.startsWith(start)) return words.quoted(ground.slice(start.length));
  return words.whos[ground] ?? (ground === '' ? words.somebody : ground);
}

/** A text of which no character hides. */
function visible(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
