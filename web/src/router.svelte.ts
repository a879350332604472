/** Which page is shown: the address's fragment, `#/keys/some/thing`. */

class Router {
  /** The path's parts, decoded; none for the first page. */
  parts: string[] = $state.raw(read());
  /** Asked before what is shown goes, by whom there is something to lose: whether the other parts may take its place. */
  guard: ((wanted: string[]) => Promise<boolean>) | null = null;
  #hash = location.hash;

  start(): void {
    addEventListener('hashchange', () => void this.#follow());
  }

  /** Goes to a page. */
  go(...parts: string[]): void {
    location.hash = href(...parts);
  }

  /** Whether what is shown may go, for another page or for none; asks where there is something to lose. */
  async mayLeave(wanted: string[] = []): Promise<boolean> {
    return this.guard === null || this.guard(wanted);
  }

  /** Goes to a page that takes this one's place in the history. */
  replace(...parts: string[]): void {
    history.replaceState(null, '', href(...parts));
    this.#hash = location.hash;
    this.parts = parts;
  }

  async #follow(): Promise<void> {
    const wanted = location.hash;
    if (wanted === this.#hash) return;
    if (this.guard) {
      // Until there is an answer, the address is that of what is shown.
      history.replaceState(null, '', this.#hash);
      if (!(await this.mayLeave(read(wanted)))) return;
      history.replaceState(null, '', wanted);
    }
    this.#hash = wanted;
    this.parts = read();
  }
}

/** The address of a page, for links. */
export function href(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

function read(hash = location.hash): string[] {
  const path = /^#\/(.*)$/.exec(hash)?.[1] ?? '';
  // A last part may be empty: there is a key of that name.
  return path === '' ? [] : path.split('/').map(decode);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const router = new Router();
