/**
 * The events that came lately. It goes on while another page is shown, so that one finds them on coming back.
 *
 * It begins with what the server remembers, and asks for that again whenever the connection comes back, since something
 * may have been missed. It subscribes before it asks, and the answer counts what was told by then; so what was heard
 * until the answer comes are the last ones of that count, and nothing is lost or shown twice.
 */

import { untrack } from 'svelte';
import { isLost, type Kilovolt } from '../../kilovolt';
import { session } from '../../session.svelte';
import { EVENT_PREFIX, isChat, mentions, readEvent, type FeedEvent } from './events';

export const MAX_EVENTS = 2_000;
export const MAX_CHAT = 100;

/** Of the texts that are kept: an event may be large, and the console is open all night. */
export const MAX_CHARS = 16_000_000;

/** How many sources, and types of a source, can be chosen from. */
const MAX_KINDS = 200;

/** How long events are gathered before they are shown together; nobody reads faster. */
const GATHER_MS = 80;

const MINUTE_MS = 60_000;

const RECENT = 'stagedoor/@recent-events';

/** What the server remembers. */
interface Recent {
  /** The number of the last write below `event/`; each has the next. */
  last: number;
  /** Oldest first, and not all of them. */
  events: { number: number; at_ms: number; key: string; value: string }[];
}

type Heard = Pick<FeedEvent, 'atMs' | 'key' | 'text'>;

export class Feed {
  /** All that are kept, oldest first. */
  all: FeedEvent[] = $state.raw([]);
  /** Those that the filter lets through, as of when the feed was paused. */
  shown: FeedEvent[] = $state.raw([]);
  /** What was said in chats, oldest first. */
  chat: FeedEvent[] = $state.raw([]);
  /** All that ever came. */
  total = $state(0);
  /** How many were ever added to `shown`. */
  added = $state(0);
  isPaused = $state(false);
  /** How many came that are not shown because of the pause. */
  held = $state(0);
  text = $state('');
  source = $state('');
  type = $state('');
  /** The sources that were seen, with their types. */
  kinds: Map<string, Set<string>> = $state.raw(new Map());
  /** Whether what was added last has just happened. */
  isLive = $state(true);

  #hub: Kilovolt | null = null;
  #stop: (() => void) | undefined;
  #batch: Heard[] = [];
  #batchChars = 0;
  #came = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts the questions for what the server remembers. */
  #asked = 0;
  /** Whether an answer is on its way. What comes meanwhile waits for it, as it came later. */
  #isAsking = false;
  /** How many came since the question. */
  #heard = 0;
  /** Whether the answer is of no use, since the list was cleared. */
  #isUnwanted = false;
  /** The server's number of the last one that came; NaN when that cannot be told, which is before and after nothing. */
  #known = 0;
  /** Of the last minute, what came in each second: `[second, count]`. */
  #seconds: [number, number][] = [];

  /** Listens to a connection from now on; what came over another one is forgotten. */
  follow(hub: Kilovolt | null): void {
    if (hub === this.#hub) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#hub = hub;
    this.#asked += 1;
    this.#isAsking = false;
    this.#known = 0;
    this.#stopTimer();
    this.#batch = [];
    this.#batchChars = 0;
    this.#seconds = [];
    this.#came = this.total = this.held = 0;
    this.all = this.shown = this.chat = [];
    this.kinds = new Map();
    this.isPaused = false;
    if (!hub) return;
    const unsubscribe = hub.subscribePrefix(EVENT_PREFIX, (text, key) => this.take(text, key));
    const forget = $effect.root(() => {
      $effect(() => {
        void session.epoch;
        if (hub.state === 'open') untrack(() => void this.#catchUp(hub));
      });
    });
    this.#stop = () => {
      unsubscribe();
      forget();
    };
  }

  take(text: string, key: string): void {
    const now = Date.now();
    this.#batch.push({ atMs: now, key, text });
    this.#came += 1;
    if (this.#isAsking) this.#heard += 1;
    else {
      this.#known += 1;
      this.isLive = true;
    }
    // A hidden page shows nothing, and so takes nothing off here.
    this.#batchChars += text.length;
    if (this.#batch.length > 2 * MAX_EVENTS || this.#batchChars > 2 * MAX_CHARS) {
      this.#batch = newest(this.#batch, MAX_EVENTS);
      this.#batchChars = this.#batch.reduce((sum, event) => sum + event.text.length, 0);
    }
    const second = Math.floor(now / 1000);
    const last = this.#seconds.at(-1);
    if (last?.[0] === second) last[1] += 1;
    else this.#seconds.push([second, 1]);
    if (this.#seconds.length > 60) this.#seconds.shift();
    this.#timer ??= setTimeout(() => requestAnimationFrame(() => this.flush()), GATHER_MS);
  }

  /** Shows what was gathered. */
  flush(): void {
    this.#stopTimer();
    if (this.#isAsking) return;
    const first = this.#came - this.#batch.length;
    const batch = this.#batch.map(({ key, text, atMs }, index) => readEvent(first + index, key, text, atMs));
    this.#batch = [];
    this.#batchChars = 0;
    this.total = this.#came;
    this.all = join(this.all, batch, MAX_EVENTS);
    this.chat = join(this.chat, batch.filter(isChat), MAX_CHAT);
    this.#learn(batch);
    const fitting = batch.filter((event) => this.#fits(event));
    if (this.isPaused) {
      this.held += fitting.length;
      return;
    }
    const oldest = this.all[0]?.n ?? 0;
    // One that is kept no more is shown no more, though a filter leaves room.
    const left = this.shown.findIndex(({ n }) => n >= oldest);
    this.shown = join(left < 0 ? [] : this.shown.slice(left), fitting, MAX_EVENTS);
    this.added += fitting.length;
  }

  pause(): void {
    this.isPaused = true;
    this.held = 0;
  }

  resume(): void {
    this.isPaused = false;
    this.refilter();
  }

  /** Shows what the filter lets through now. */
  refilter(): void {
    this.held = 0;
    this.shown = this.all.filter((event) => this.#fits(event));
  }

  clear(): void {
    this.#batch = [];
    this.#batchChars = 0;
    this.#isUnwanted = true;
    this.all = this.shown = this.chat = [];
    this.held = 0;
  }

  /** How many came in the last minute. */
  perMinute(now = Date.now()): number {
    const from = (now - MINUTE_MS) / 1000;
    return this.#seconds.reduce((sum, [second, count]) => (second >= from ? sum + count : sum), 0);
  }

  /** Asks for what came before the connection did, and shows it before what comes from now on. */
  async #catchUp(hub: Kilovolt): Promise<void> {
    // What was heard before the connection went comes first.
    this.flush();
    const turn = ++this.#asked;
    this.#isAsking = true;
    this.#isUnwanted = false;
    this.#heard = 0;
    let recent: Recent | null = null;
    let isHeldUp = false;
    try {
      recent = await hub.call<Recent | null>(RECENT);
    } catch (error) {
      isHeldUp = isLost(error) && this.#heard === 0;
    }
    if (turn !== this.#asked) return;
    this.#isAsking = false;
    if (recent) {
      const { last, events } = recent;
      const missed = events.filter(({ number }) => number > this.#known && number <= last - this.#heard);
      this.#known = last;
      if (!this.#isUnwanted && missed.length > 0) {
        this.#batch = [...missed.map(({ at_ms: atMs, key, value: text }) => ({ atMs, key, text })), ...this.#batch];
        this.#came += missed.length;
        this.isLive = false;
      }
      this.#count(missed.map(({ at_ms: atMs }) => atMs));
    } else if (!isHeldUp) this.#known = NaN;
    this.flush();
  }

  /** Counts what came at these times. */
  #count(times: number[]): void {
    const counts = new Map(this.#seconds);
    for (const atMs of times) {
      const second = Math.floor(atMs / 1000);
      counts.set(second, (counts.get(second) ?? 0) + 1);
    }
    this.#seconds = [...counts].sort(([one], [other]) => one - other).slice(-60);
  }

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fits(event: FeedEvent): boolean {
    if (this.source !== '' && event.source !== this.source) return false;
    if (this.type !== '' && event.type !== this.type) return false;
    const needle = this.text.trim().toLowerCase();
    return needle === '' || mentions(event, needle);
  }

  #learn(batch: FeedEvent[]): void {
    let isNew = false;
    for (const { source, type } of batch) {
      const types = this.kinds.get(source);
      if (types?.has(type)) continue;
      // Made-up names must not fill the memory.
      if (types ? types.size >= MAX_KINDS : this.kinds.size >= MAX_KINDS) continue;
      if (types) types.add(type);
      else this.kinds.set(source, new Set([type]));
      isNew = true;
    }
    if (isNew) this.kinds = new Map(this.kinds);
  }
}

function join(before: FeedEvent[], after: FeedEvent[], most: number): FeedEvent[] {
  if (after.length === 0) return before;
  return newest([...before, ...after], most);
}

/** The last events, as many as are kept; the very last one whatever its size. */
function newest<T extends Heard>(events: T[], most: number): T[] {
  let from = events.length;
  let chars = 0;
  while (from > 0 && events.length - from < most) {
    chars += events[from - 1]?.text.length ?? 0;
    if (chars > MAX_CHARS && from < events.length) break;
    from -= 1;
  }
  return events.slice(from);
}

export const feed = new Feed();
