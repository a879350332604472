/** Which page is shown: the address's fragment, `#/keys/some/thing`. */

class Router {
  /** The path's parts, decoded; none for the first page. */
  parts: string[] = $state.raw(read());

  start(): void {
    addEventListener('hashchange', () => (this.parts = read()));
  }

  /** Goes to a page. */
  go(...parts: string[]): void {
    location.hash = href(...parts);
  }

  /** Goes to a page that takes this one's place in the history. */
  replace(...parts: string[]): void {
    history.replaceState(null, '', href(...parts));
    this.parts = parts;
  }
}

/** The address of a page, for links. */
export function href(...parts: string[]): string {
  return `#/${parts.map(encodeURIComponent).join('/')}`;
}

function read(): string[] {
  const path = /^#\/(.*)$/.exec(location.hash)?.[1] ?? '';
  return path.split('/').filter(Boolean).map(decode);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const router = new Router();
