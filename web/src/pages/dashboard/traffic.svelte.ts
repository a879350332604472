/** What goes in and out, a second: worked out of the connections' counters, and remembered for ten minutes. */

export interface Connected {
  id: string;
  door: string;
  address: string;
  port: number;
  origin: string | null;
  program: string | null;
  ground: string;
  level: 'owner' | 'application' | 'scoped' | 'overlay' | 'guest' | 'nobody';
  /** What it came in by, of what can be taken back. */
  credential: { kind: 'app' | 'overlay-key' | 'device'; id: string } | null;
  /** What it may do, where its level alone does not say. */
  scopes: string[] | null;
  since_ms: number;
  received: number;
  sent: number;
  queued_bytes: number;
  subscriptions: number;
}

export interface Rate {
  received: number;
  sent: number;
}

export const SAMPLES = 600;

type Line = (number | null)[];

export class Traffic {
  /** Messages a second of each connection; none of one that was seen for the first time. */
  rates: Map<string, Rate> = $state.raw(new Map());
  total: Rate | null = $state.raw(null);
  /** How long the server takes to answer, in milliseconds. */
  latencyMs: number | null = $state(null);
  /**
   * Seconds, events in the minute before, messages in and out, milliseconds to an answer; oldest first.
   * `null` where nobody looked.
   */
  samples: [number[], Line, Line, Line, Line] = $state.raw([[], [], [], [], []]);

  #before: { atMs: number; counters: Map<string, Rate> } | null = null;

  /** Takes the connections as they are at a moment. */
  learn(connected: Connected[], nowMs: number): void {
    const counters = new Map(connected.map(({ id, received, sent }) => [id, { received, sent }]));
    const before = this.#before;
    this.#before = { atMs: nowMs, counters };
    if (!before || nowMs <= before.atMs) return;
    const seconds = (nowMs - before.atMs) / 1000;
    const rates = new Map<string, Rate>();
    const total = { received: 0, sent: 0 };
    for (const [id, now] of counters) {
      const old = before.counters.get(id);
      if (!old) continue;
      const rate = { received: (now.received - old.received) / seconds, sent: (now.sent - old.sent) / seconds };
      rates.set(id, rate);
      total.received += rate.received;
      total.sent += rate.sent;
    }
    this.rates = rates;
    this.total = total;
  }

  /** Remembers this second. */
  sample(eventsPerMinute: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    const [seconds, events, received, sent, latency] = this.samples;
    const last = seconds.at(-1);
    if (last !== undefined && second <= last) return;
    // Where the page was away there is nothing, not a straight line.
    const gap = last !== undefined && second - last > 5;
    const from = second - SAMPLES;
    const found = seconds.findIndex((one) => one > from);
    const left = found < 0 ? seconds.length : found;
    const add = <T>(old: T[], value: T, nothing: T): T[] => [...old.slice(left), ...(gap ? [nothing] : []), value];
    this.samples = [
      add(seconds, second, second - 1),
      add<number | null>(events, eventsPerMinute, null),
      add<number | null>(received, this.total?.received ?? null, null),
      add<number | null>(sent, this.total?.sent ?? null, null),
      add<number | null>(latency, this.latencyMs, null),
    ];
  }

  /** What was counted before is too old to be compared with what comes next. */
  forget(): void {
    this.#before = null;
    this.total = null;
    this.latencyMs = null;
  }
}

export const traffic = new Traffic();
