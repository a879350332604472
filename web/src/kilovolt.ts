/** The console's connection to the hub: the Kilovolt protocol over one WebSocket that comes back by itself. */

export type LineState = 'connecting' | 'open' | 'waiting' | 'refused' | 'closed';

/** The code of an error that did not come from the server. */
export const LOST = 'connection lost';

/** What the server answered to a request that it did not carry out. */
export class RequestError extends Error {
  constructor(
    /** The protocol's error code, for example `not permitted`; `connection lost` when none came. */
    readonly code: string,
    details: string,
  ) {
    super(details || code);
  }
}

/** Whether there is no answer because the connection went, or was not there. */
export function isLost(error: unknown): boolean {
  return error instanceof RequestError && error.code === LOST;
}

/** Hears the new text of a key; the empty text when the key was deleted. */
export type Listener = (value: string, key: string) => void;

interface Answer {
  type?: string;
  ok?: boolean;
  request_id?: string;
  data?: unknown;
  error?: string;
  details?: string;
  key?: string;
  new_value?: string;
}

interface Waiting {
  resolve: (data: unknown) => void;
  reject: (error: RequestError) => void;
}

type Command = 'version' | 'kget' | 'kset' | 'kdel' | 'kcall' | 'kget-all' | 'kset-bulk' | 'klogin' | Subscribing;
type Subscribing = 'ksub' | 'kunsub' | 'ksub-prefix' | 'kunsub-prefix';

const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5_000;

/** How long a connection may take until it is open. */
const OPENING_MS = 20_000;

/** How long nothing may come while an answer is awaited, before it is asked whether anybody is there. */
const QUIET_MS = 5_000;

/** How long that may go without an answer; no request holds it up, however long it takes. */
const PATIENCE_MS = 10_000;

/** A timer that comes later than this was asleep with the machine, or with its tab: the answer had no chance either. */
const LATE_MS = 2_000;

/** The close code that means: do not come back. */
const REVOKED = 4011;

export class Kilovolt {
  #socket: WebSocket | null = null;
  #state: LineState = 'connecting';
  #delayMs = FIRST_DELAY_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Looks whether the open line still holds; set while an answer is awaited. */
  #watch: ReturnType<typeof setTimeout> | undefined;
  #isProbing = false;
  /** The pass that was shown last. */
  #shown = '';
  #nextId = 0;
  #waiting = new Map<string, Waiting>();
  #keys = new Map<string, Set<Listener>>();
  #prefixes = new Map<string, Set<Listener>>();

  constructor(
    private readonly url: string,
    /** Tells the pass to show, each time anew: there may be another one by then. */
    private readonly token: () => string,
    private readonly changed: (state: LineState) => void,
  ) {
    this.#connect();
  }

  get state(): LineState {
    return this.#state;
  }

  /** The text of a key; the empty text when there is none. */
  async get(key: string): Promise<string> {
    return (await this.#ask('kget', { key })) as string;
  }

  /** Every key below a prefix, with its text. */
  async getAll(prefix: string): Promise<Record<string, string>> {
    return (await this.#ask('kget-all', { prefix })) as Record<string, string>;
  }

  /** The value of a key that holds JSON; `null` when there is none. */
  async getJson<T>(key: string): Promise<T | null> {
    return readJson<T>(await this.get(key));
  }

  async set(key: string, value: string): Promise<void> {
    await this.#ask('kset', { key, data: value });
  }

  /** Writes a key; secret members that `value` leaves out stay as they are. */
  async setKeepingSecrets(key: string, value: string): Promise<void> {
    await this.#ask('kset', { key, data: value, keep_secrets: true });
  }

  async setJson(key: string, value: unknown): Promise<void> {
    await this.set(key, JSON.stringify(value));
  }

  /** Writes several keys at once, or none. */
  async setAll(values: Record<string, string>): Promise<void> {
    await this.#ask('kset-bulk', values);
  }

  async delete(key: string): Promise<void> {
    await this.#ask('kdel', { key });
  }

  /** How long an answer takes that costs the server nothing, in milliseconds. */
  async roundTrip(): Promise<number> {
    const start = performance.now();
    await this.#ask('version', {});
    return performance.now() - start;
  }

  /** Asks a service of the server: JSON in both directions. */
  async call<T>(key: string, value: unknown = {}): Promise<T> {
    return readJson<T>(await this.callText(key, JSON.stringify(value))) as T;
  }

  /** Asks whoever serves a key, with any text in both directions. */
  async callText(key: string, text: string): Promise<string> {
    return (await this.#ask('kcall', { key, data: text })) as string;
  }

  /** Hears writes to a key until the returned function is called, also after a reconnection. */
  subscribe(key: string, listener: Listener): () => void {
    return this.#listen(this.#keys, key, listener, () => ['ksub', 'kunsub', { key }]);
  }

  /** Hears writes to every key below a prefix. */
  subscribePrefix(prefix: string, listener: Listener): () => void {
    return this.#listen(this.#prefixes, prefix, listener, () => ['ksub-prefix', 'kunsub-prefix', { prefix }]);
  }

  /** Ends the connection for good. */
  close(): void {
    clearTimeout(this.#timer);
    this.#become('closed');
    this.#socket?.close();
    this.#failAll();
  }

  /** Looks whether the connection is still there; without one, tries again now instead of later. */
  wake(): void {
    if (this.#state === 'waiting') {
      clearTimeout(this.#timer);
      this.#connect();
    } else if (this.#state === 'open' && !this.#isProbing) {
      this.#probe();
    }
  }

  #listen(
    listeners: Map<string, Set<Listener>>,
    name: string,
    listener: Listener,
    commands: () => [Subscribing, Subscribing, Record<string, string>],
  ): () => void {
    const [subscribe, unsubscribe, data] = commands();
    let all = listeners.get(name);
    if (!all) {
      listeners.set(name, (all = new Set()));
      this.#sendIfOpen(subscribe, data);
    }
    all.add(listener);
    return () => {
      const left = listeners.get(name);
      if (left?.delete(listener) && left.size === 0) {
        listeners.delete(name);
        this.#sendIfOpen(unsubscribe, data);
      }
    };
  }

  #connect(): void {
    this.#become('connecting');
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#abandon(socket), OPENING_MS);
    socket.addEventListener('open', () => void this.#logIn(socket));
    socket.addEventListener('message', (event: MessageEvent<string>) => this.#receive(event.data));
    socket.addEventListener('close', (event) => this.#lost(socket, event.code));
  }

  async #logIn(socket: WebSocket): Promise<void> {
    this.#shown = this.token();
    try {
      await this.#ask('klogin', { auth: 'token', token: this.#shown }, socket);
    } catch (error) {
      if (error instanceof RequestError && error.code === 'authentication failed') {
        if (this.token() === this.#shown) this.#become('refused');
        socket.close();
      }
      return;
    }
    clearTimeout(this.#timer);
    this.#delayMs = FIRST_DELAY_MS;
    for (const key of this.#keys.keys()) this.#send(socket, 'ksub', { key });
    for (const prefix of this.#prefixes.keys()) this.#send(socket, 'ksub-prefix', { prefix });
    this.#become('open');
  }

  #lost(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    clearTimeout(this.#timer);
    this.#failAll();
    if (code === REVOKED && this.token() === this.#shown) this.#become('refused');
    if (this.#state === 'refused' || this.#state === 'closed') return;
    this.#become('waiting');
    this.#timer = setTimeout(() => this.#connect(), this.#delayMs);
    this.#delayMs = Math.min(this.#delayMs * 2, LONGEST_DELAY_MS);
  }

  /** Gives a connection up that may never say that it has gone. */
  #abandon(socket: WebSocket): void {
    this.#lost(socket, 1006);
    socket.close();
  }

  /** Asks for a sign of life if nothing comes for a while although an answer is awaited. */
  #keepWatch(): void {
    clearTimeout(this.#watch);
    this.#watch = undefined;
    this.#isProbing = false;
    if (this.#state === 'open' && this.#waiting.size > 0) this.#watch = setTimeout(() => this.#probe(), QUIET_MS);
  }

  #probe(): void {
    const socket = this.#socket;
    if (!socket) return;
    clearTimeout(this.#watch);
    this.#isProbing = true;
    const [sinceMs, unsent] = [Date.now(), socket.bufferedAmount];
    this.#send(socket, 'version', {});
    this.#watch = setTimeout(() => {
      const isLate = Date.now() - sinceMs > PATIENCE_MS + LATE_MS;
      // What was still on its way out then comes before the question, and may take long.
      if (isLate || socket.bufferedAmount < unsent) this.#probe();
      else this.#abandon(socket);
    }, PATIENCE_MS);
  }

  #receive(text: string): void {
    this.#take(JSON.parse(text) as Answer);
    this.#keepWatch();
  }

  #take(answer: Answer): void {
    if (answer.type === 'push') {
      const { key = '', new_value: value = '' } = answer;
      for (const listener of this.#keys.get(key) ?? []) listener(value, key);
      for (const [prefix, listeners] of this.#prefixes) {
        if (key.startsWith(prefix)) for (const listener of listeners) listener(value, key);
      }
      return;
    }
    const waiting = this.#waiting.get(answer.request_id ?? '');
    if (!waiting) return;
    this.#waiting.delete(answer.request_id ?? '');
    if (answer.ok) waiting.resolve(answer.data);
    else waiting.reject(new RequestError(answer.error ?? 'server error', answer.details ?? ''));
  }

  #ask(command: Command, data: Record<string, unknown>, socket?: WebSocket): Promise<unknown> {
    const line = socket ?? (this.#state === 'open' ? this.#socket : null);
    if (!line) return Promise.reject(new RequestError(LOST, ''));
    return new Promise((resolve, reject) => {
      this.#waiting.set(this.#send(line, command, data), { resolve, reject });
      if (this.#watch === undefined) this.#keepWatch();
    });
  }

  #sendIfOpen(command: Command, data: Record<string, unknown>): void {
    if (this.#state === 'open' && this.#socket) this.#send(this.#socket, command, data);
  }

  #send(socket: WebSocket, command: Command, data: Record<string, unknown>): string {
    const id = String(this.#nextId++);
    socket.send(JSON.stringify({ command, request_id: id, data }));
    return id;
  }

  #failAll(): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#keepWatch();
    for (const { reject } of waiting) reject(new RequestError(LOST, ''));
  }

  #become(state: LineState): void {
    this.#state = state;
    this.changed(state);
  }
}

/** The value of a JSON text; `null` for the empty text and for what is no JSON. */
export function readJson<T>(text: string): T | null {
  if (text === '') return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    return null;
  }
}
