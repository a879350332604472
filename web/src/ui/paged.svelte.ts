/** Long lists that are fetched a page at a time. Only the pages that were looked at last keep their rows. */

import { problemText } from './problem';

export interface Answer<T> {
  items: T[];
  /** What to go on after; `null` at the end. */
  next: string | null;
}

export const PAGE = 200;

/** Pages that hold their rows at once, of all lists on a shelf: some thousand rows. */
const MAX_HELD = 16;

interface Page<T> {
  after: string | null;
  items: T[] | null;
  length: number;
  isAsked: boolean;
}

/** Lets go of the rows that nobody has looked at for longest. */
export class Shelf {
  /** Pages with rows, the one that was used last at the end. */
  #held = new Set<{ items: unknown[] | null }>();

  touch(page: { items: unknown[] | null }): void {
    this.#held.delete(page);
    this.#held.add(page);
    for (const oldest of this.#held) {
      if (this.#held.size <= MAX_HELD) break;
      oldest.items = null;
      this.#held.delete(oldest);
    }
  }

  drop(page: { items: unknown[] | null }): void {
    this.#held.delete(page);
  }

  get rows(): number {
    return [...this.#held].reduce((sum, { items }) => sum + (items?.length ?? 0), 0);
  }
}

export class Paged<T> {
  #pages: Page<T>[] = [];
  /** The index at which each page begins, and how many there are in all at the end. */
  #starts: number[] = [0];
  #next: string | null = null;
  #isWhole = false;
  #isAsking = false;
  #isOver = false;
  #wanted = 0;
  #version = $state(0);
  problem: string | null = $state(null);

  constructor(
    private readonly shelf: Shelf,
    private readonly ask: (after: string | null) => Promise<Answer<T>>,
    private readonly nameOf: (item: T) => string,
  ) {}

  /** How many rows are known. */
  get count(): number {
    void this.#version;
    return this.#starts.at(-1) ?? 0;
  }

  /** Whether there are no more. */
  get isWhole(): boolean {
    void this.#version;
    return this.#isWhole;
  }

  get isAsking(): boolean {
    void this.#version;
    return this.#isAsking;
  }

  at(index: number): T | undefined {
    void this.#version;
    const number = this.#pageOf(index);
    return this.#pages[number]?.items?.[index - (this.#starts[number] ?? 0)];
  }

  /** Makes sure that some rows will be there. */
  want(first: number, last: number = first): void {
    if (this.#isOver) return;
    this.#wanted = last;
    const end = this.#pageOf(Math.min(last, this.count - 1));
    for (let number = this.#pageOf(first); number <= end; number += 1) {
      const page = this.#pages[number];
      if (page?.items) this.shelf.touch(page);
      else if (page) void this.#fetch(page);
    }
    void this.#goOn();
  }

  /** Fetches some rows anew, for others may have come or gone; the old ones stay until the new ones are there. */
  renew(first: number, last: number): void {
    for (let number = this.#pageOf(first); number <= this.#pageOf(last); number += 1) {
      const page = this.#pages[number];
      if (page) void this.#fetch(page);
    }
    if (this.#pages.length === 0) {
      this.#isWhole = false;
      void this.#goOn();
    }
  }

  /** Asks no more, and takes no answer. */
  stop(): void {
    this.#isOver = true;
    for (const page of this.#pages) this.shelf.drop(page);
  }

  /** Called when the rows from `start` on, `before` of them, have become these; all behind them are `isCut` away or moved. */
  protected moved(_start: number, _before: number, _items: T[], _isCut: boolean): void {}

  /** Goes on to the end of what is wanted. */
  async #goOn(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#version += 1;
    try {
      while (!this.#isOver && !this.#isWhole && this.#wanted >= this.count - 1) {
        const after = this.#next;
        const { items, next } = await this.ask(after);
        if (this.#isOver) return;
        // Where the list was fetched anew meanwhile, this is no longer its end.
        if (after !== this.#next) continue;
        this.#next = next;
        this.#isWhole = next === null;
        if (items.length > 0) {
          const page = { after, items, length: items.length, isAsked: false };
          this.#pages.push(page);
          this.shelf.touch(page);
          const start = this.count;
          this.#measure();
          this.moved(start, 0, items, false);
        }
        this.problem = null;
        this.#version += 1;
      }
    } catch (error) {
      if (!this.#isOver) this.problem = problemText(error);
    } finally {
      this.#isAsking = false;
      this.#version += 1;
    }
  }

  async #fetch(page: Page<T>): Promise<void> {
    if (page.isAsked) return;
    page.isAsked = true;
    try {
      const { items, next } = await this.ask(page.after);
      const number = this.#pages.indexOf(page);
      if (this.#isOver || number < 0) return;
      this.#put(number, items, next);
      this.problem = null;
    } catch (error) {
      if (!this.#isOver) this.problem = problemText(error);
    } finally {
      page.isAsked = false;
    }
  }

  /** Puts what a page holds now in its place. The page behind it begins where it began, if that can be found. */
  #put(number: number, items: T[], next: string | null): void {
    const page = this.#pages[number];
    if (!page) return;
    const before = page.length;
    const cursor = this.#pages[number + 1]?.after ?? null;
    const end = cursor === null ? -1 : items.findIndex((item) => this.#isAt(item, cursor));
    const isCut = end < 0;
    page.items = isCut ? items : items.slice(0, end + 1);
    page.length = page.items.length;
    if (isCut) {
      for (const gone of this.#pages.splice(number + 1)) this.shelf.drop(gone);
      this.#next = next;
      this.#isWhole = next === null;
    }
    if (page.length > 0) this.shelf.touch(page);
    else {
      this.#pages.splice(number, 1);
      this.shelf.drop(page);
    }
    this.#measure();
    this.moved(this.#starts[number] ?? 0, before, page.items, isCut);
    this.#version += 1;
    void this.#goOn();
  }

  #isAt(item: T, cursor: string): boolean {
    const name = this.nameOf(item);
    return cursor === name || cursor === `${name}/`;
  }

  #measure(): void {
    this.#starts = [0];
    let sum = 0;
    for (const page of this.#pages) this.#starts.push((sum += page.length));
  }

  #pageOf(index: number): number {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= index) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
