/** Who is signed in, in this browser: the pass, and the connection that it opens. */

import { Kilovolt, type LineState } from './kilovolt';

const PASS = 'stagedoor.pass';

export type SessionState = 'signed-out' | 'link-used' | 'starting' | 'in';

class Session {
  state: SessionState = $state('starting');
  line: LineState = $state('connecting');
  /** The connection; there while a pass is. */
  hub: Kilovolt | null = $state.raw(null);
  /** Counts the times that the connection came (back), for whoever has to read anew. */
  epoch = $state(0);
  /** Whether the connection was open before, so that its absence is a loss and not the start. */
  wasOpen = $state(false);

  /** Takes the pass from the address's code or from this browser's memory. */
  async start(): Promise<void> {
    addEventListener('storage', (event) => {
      // Who is in stays in, with all that is open: another pass is for the next connection.
      if (event.key === PASS && (event.newValue === null || this.hub === null)) this.#use(event.newValue);
    });
    addEventListener('hashchange', () => void this.#takeCode());
    addEventListener('online', () => this.hub?.wake());
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) this.hub?.wake();
    });
    if (!(await this.#takeCode())) this.#use(localStorage.getItem(PASS));
  }

  /** Gives the pass back; other tabs hear of it. */
  async signOut(): Promise<void> {
    const token = localStorage.getItem(PASS);
    localStorage.removeItem(PASS);
    this.#use(null);
    if (!token) return;
    // Without a server there is nobody to give it to; this browser has forgotten it all the same.
    await giveBack(token);
  }

  /** The header that lets a request over HTTP in. */
  get authorization(): { Authorization: string } {
    return { Authorization: `Bearer ${localStorage.getItem(PASS) ?? ''}` };
  }

  /** By which id the owner's page of devices names this browser; `null` when that cannot be told. */
  async passId(): Promise<string | null> {
    const answer = await fetch('/pass', { headers: this.authorization }).catch(() => null);
    return answer?.ok ? ((await answer.json()) as { id: string }).id : null;
  }

  /**
   * Exchanges a code in the address for a pass; tells whether that worked. A pass that is good already is kept, and the
   * new one given back: the other tabs are connected with the old one, and there is no use for two.
   */
  async #takeCode(): Promise<boolean> {
    const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
    if (code === undefined) return false;
    // Neither the history nor a look over the shoulder should keep it.
    history.replaceState(null, '', '/#/');
    const answer = await fetch('/pass', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ code }),
    }).catch(() => null);
    if (answer?.ok) {
      const { token } = (await answer.json()) as { token: string };
      if (localStorage.getItem(PASS) === null || (await this.passId()) === null) localStorage.setItem(PASS, token);
      else await giveBack(token);
      if (this.hub) this.hub.wake();
      else this.#use(localStorage.getItem(PASS));
      return true;
    }
    if (localStorage.getItem(PASS) === null) this.state = 'link-used';
    return this.state === 'link-used';
  }

  #use(token: string | null): void {
    this.hub?.close();
    this.hub = null;
    this.wasOpen = false;
    if (token === null) {
      this.state = 'signed-out';
      return;
    }
    this.state = 'starting';
    const address = `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`;
    const hub: Kilovolt = new Kilovolt(address, () => localStorage.getItem(PASS) ?? '', (line) => {
      if (this.hub !== null && this.hub !== hub) return;
      this.line = line;
      if (line === 'open') {
        this.state = 'in';
        this.wasOpen = true;
        this.epoch += 1;
      } else if (line === 'refused') {
        localStorage.removeItem(PASS);
        this.#use(null);
      }
    });
    this.hub = hub;
  }
}

export const session = new Session();

async function giveBack(token: string): Promise<void> {
  await fetch('/pass', { method: 'DELETE', headers: { Authorization: `Bearer ${token}` } }).catch(() => null);
}

/** The connection, where a page can only be when there is one. */
export function hub(): Kilovolt {
  if (!session.hub) throw new Error('nobody is signed in');
  return session.hub;
}
