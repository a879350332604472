/** What the owner should do something about, out of what the server tells. */

export interface Status {
  warnings: string[];
  open_questions: number;
  failed_commits: number;
}

export interface Door {
  name: string;
  option: string;
  is_open: boolean;
  problem: string | null;
}

/** How Twitch is, as much as matters here. */
export interface Twitch {
  state: string;
  problem: string | null;
  bot: { state: string; problem: string | null } | null;
}

export type Concern =
  | { kind: 'questions'; count: number }
  | { kind: 'door'; name: string; problem: string }
  | { kind: 'writes'; count: number }
  | { kind: 'twitch'; matter: 'notConfigured' | 'login' | 'offline' | 'bot'; problem: string }
  | { kind: 'setting'; text: string; key: string }
  | { kind: 'demo' }
  | { kind: 'password' | 'exposed' | 'origins' | 'other'; text: string };

/** What a door says of itself that was switched off on purpose. */
const OFF = 'it is off';

/** Lists what needs attention, the most urgent first. */
export function findConcerns(status: Status, doors: Door[], twitch: Twitch | null = null): Concern[] {
  const { warnings, open_questions: questions, failed_commits: failed } = status;
  const shut = doors.filter(({ is_open, problem }) => !is_open && problem !== null && problem !== OFF);
  const concerns: Concern[] = [];
  if (questions > 0) concerns.push({ kind: 'questions', count: questions });
  if (failed > 0) concerns.push({ kind: 'writes', count: failed });
  for (const { name, problem } of shut) concerns.push({ kind: 'door', name, problem: problem ?? '' });
  if (twitch) concerns.push(...ofTwitch(twitch));
  // The server warns of a shut door in the same words.
  const others = warnings.filter((text) => !shut.some(({ problem }) => problem === text));
  return [...concerns, ...others.map(sort)];
}

const TWITCH_MATTERS = new Map<string, 'notConfigured' | 'login' | 'offline'>([
  ['not configured', 'notConfigured'],
  ['login needed', 'login'],
  ['offline', 'offline'],
]);

function ofTwitch({ state, problem, bot }: Twitch): Concern[] {
  const matter = TWITCH_MATTERS.get(state);
  if (matter) return [{ kind: 'twitch', matter, problem: problem ?? '' }];
  return state !== 'off' && bot?.state === 'login needed' ? [{ kind: 'twitch', matter: 'bot', problem: bot.problem ?? '' }] : [];
}

/** Tells by its words what a warning is about; it has no other mark. */
function sort(text: string): Concern {
  if (text.startsWith('this is a demo')) return { kind: 'demo' };
  const key = /^([a-z][\w.-]*\/[\w./-]+): /.exec(text)?.[1];
  if (key !== undefined) return { kind: 'setting', text, key };
  if (text.includes('beyond this machine, on')) return { kind: 'exposed', text };
  if (/password|authentication/.test(text)) return { kind: 'password', text };
  if (text.includes('trust-all-origins')) return { kind: 'origins', text };
  return { kind: 'other', text };
}
