/** JSON texts that people write: what is wrong with one, and where. */

export interface Fault {
  line: number;
  column: number;
}

export type Reading = { value: unknown; fault?: undefined } | { value?: undefined; fault: Fault };

/** Reads a JSON text, or says where it stops being one. */
export function readText(text: string): Reading {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    // Browsers tell the place in words of their own, and some not at all.
    const before = text.slice(0, new Scanner(text).faultAt()).split('\n');
    return { fault: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 } };
  }
}

/** JSON as people like to read it. */
export function writeText(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? '';
}

const SPACE = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;

/** Walks over a text that is no JSON, to where that begins. Without recursion: a text may nest as deep as it likes. */
class Scanner {
  #at = 0;
  #open: ('{' | '[')[] = [];

  constructor(private readonly text: string) {}

  faultAt(): number {
    this.#skip(SPACE);
    while (this.#value()) {
      while (this.#open.length > 0 && this.#peek() === (this.#open.at(-1) === '{' ? '}' : ']')) this.#close();
      if (this.#open.length === 0 || this.#peek() !== ',') break;
      this.#step();
      if (this.#open.at(-1) === '{' && !this.#name()) break;
    }
    return this.#at;
  }

  /** Goes past a value, or into one that is open; what is empty is closed at once. */
  #value(): boolean {
    for (;;) {
      const sign = this.#peek();
      if (sign !== '{' && sign !== '[') return sign === '"' ? this.#string() : this.#skip(LITERAL);
      this.#open.push(sign);
      this.#step();
      if (this.#peek() === (sign === '{' ? '}' : ']')) return this.#close();
      if (sign === '{' && !this.#name()) return false;
    }
  }

  #name(): boolean {
    if (this.#peek() !== '"' || !this.#string() || this.#peek() !== ':') return false;
    return this.#step();
  }

  #string(): boolean {
    STRING.lastIndex = this.#at;
    this.#at += STRING.exec(this.text)?.[0].length ?? 0;
    return this.#peek() === '"' && this.#step();
  }

  #close(): boolean {
    this.#open.pop();
    return this.#step();
  }

  #peek(): string | undefined {
    return this.text[this.#at];
  }

  #step(): boolean {
    this.#at += 1;
    this.#skip(SPACE);
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    const length = pattern.exec(this.text)?.[0].length ?? 0;
    this.#at += length;
    if (length > 0 && pattern === LITERAL) this.#skip(SPACE);
    return length > 0;
  }
}
