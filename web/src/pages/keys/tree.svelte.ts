/** The keys as a tree of their segments, of which only what was unfolded and looked at is fetched. */

import { SvelteMap } from 'svelte/reactivity';
import { hub } from '../../session.svelte';
import { Paged, PAGE, Shelf, type Answer } from '../../ui/paged.svelte';

/** What keys have in common, up to a slash. */
export interface Group {
  name: string;
  /** Keys below it; `null` for very many. */
  count: number | null;
  /** Whether it is the end of a key itself. */
  is_key: boolean;
}

/** A row of the tree. */
export interface Row {
  group: Group;
  /** The key, or what the keys below begin with, without the slash. */
  path: string;
  branch: Branch;
  index: number;
  level: number;
  /** The row of what it is in; -1 for the outermost. */
  parent: number;
}

/** What is below one prefix. */
export class Branch extends Paged<Group> {
  /** The unfolded ones, by their names. */
  readonly open = new SvelteMap<string, Branch>();

  constructor(
    private readonly tree: Tree,
    readonly prefix: string,
    /** The row's index in the branch that it belongs to. */
    public index: number,
  ) {
    super(
      tree.shelf,
      (after) => browse(prefix, after),
      (group) => prefix + group.name,
    );
  }

  /** How many rows it takes up, with one for what is not there yet. */
  get rows(): number {
    let sum = this.count + (this.isWhole ? 0 : 1);
    for (const branch of this.open.values()) sum += branch.rows;
    return sum;
  }

  get inOrder(): Branch[] {
    return [...this.open.values()].sort((one, other) => one.index - other.index);
  }

  fold(name: string): void {
    const branch = this.open.get(name);
    this.open.delete(name);
    branch?.stop();
  }

  override stop(): void {
    super.stop();
    for (const branch of this.open.values()) branch.stop();
  }

  protected override moved(start: number, before: number, items: Group[], isCut: boolean): void {
    for (const [name, branch] of this.open) {
      if (branch.index < start) continue;
      if (branch.index >= start + before && !isCut) {
        branch.index += items.length - before;
        continue;
      }
      const found = items.findIndex((item) => item.name === name);
      if (found >= 0) branch.index = start + found;
      else this.fold(name);
    }
    this.tree.look();
  }
}

async function browse(prefix: string, after: string | null): Promise<Answer<Group>> {
  const { groups, next } = await hub().call<{ groups: Group[]; next: string | null }>('stagedoor/@browse', {
    prefix,
    limit: PAGE,
    group: true,
    ...(after === null ? {} : { after }),
  });
  return { items: groups, next };
}

export class Tree {
  readonly root: Branch;
  #first = 0;
  #last = 0;
  #isLooking = false;

  constructor(readonly shelf: Shelf) {
    this.root = new Branch(this, '', 0);
  }

  at(row: number): Row | undefined {
    const { branch, index, level, parent } = this.#find(row);
    const group = branch.at(index);
    return group && { group, path: branch.prefix + group.name, branch, index, level, parent };
  }

  /** Fetches what is missing in the rows that are looked at. */
  look(first = this.#first, last = this.#last): void {
    this.#first = first;
    this.#last = last;
    if (this.#isLooking) return;
    // Not while the rows still move.
    this.#isLooking = true;
    queueMicrotask(() => {
      this.#isLooking = false;
      for (const [branch, [from, to]] of this.#seen()) branch.want(from, to);
    });
  }

  /** Fetches the rows that are looked at anew. */
  renew(): void {
    for (const [branch, [from, to]] of this.#seen()) branch.renew(from, to);
  }

  isOpen({ branch, group }: Row): boolean {
    return branch.open.has(group.name);
  }

  toggle(row: Row): void {
    const { branch, group, path, index } = row;
    if (branch.open.has(group.name)) branch.fold(group.name);
    else branch.open.set(group.name, new Branch(this, `${path}/`, index));
    this.look();
  }

  #find(row: number): { branch: Branch; index: number; level: number; parent: number } {
    let branch = this.root;
    let level = 1;
    let parent = -1;
    for (;;) {
      let index = row - parent - 1;
      let inside: Branch | undefined;
      for (const child of branch.inOrder) {
        if (index <= child.index) break;
        const { rows } = child;
        if (index <= child.index + rows) {
          inside = child;
          break;
        }
        index -= rows;
      }
      if (!inside) return { branch, index, level, parent };
      // What lies above the unfolded row, other unfolded ones included, is what was not taken off.
      parent = row - (index - inside.index);
      branch = inside;
      level += 1;
    }
  }

  /** Which part of which branch is looked at. */
  #seen(): Map<Branch, [number, number]> {
    const seen = new Map<Branch, [number, number]>();
    for (let row = this.#first; row <= Math.min(this.#last, this.root.rows - 1); row += 1) {
      const { branch, index } = this.#find(row);
      const range = seen.get(branch);
      if (range) range[1] = index;
      else seen.set(branch, [index, index]);
    }
    return seen;
  }
}
