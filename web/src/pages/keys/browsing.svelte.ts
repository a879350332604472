/** Which keys are looked at: the tree, or a list of those that match. It stays while other pages are open. */

import { hub } from '../../session.svelte';
import type { Catalogue, Entry, KeyKind } from './catalogue';
import { Paged, PAGE, Shelf } from '../../ui/paged.svelte';
import { Tree } from './tree.svelte';

/** A key in a list. */
export interface Found {
  key: string;
  kind: KeyKind;
  /** Of the value, in bytes. */
  size: number;
  /** How the value begins. */
  preview: string;
  withheld?: boolean;
}

class Browsing {
  readonly shelf = new Shelf();
  tree: Tree = $state.raw(new Tree(this.shelf));
  /** What is searched for; empty for the tree. */
  text = $state('');
  /** The entry whose keys are listed. */
  entry: Entry | null = $state.raw(null);
  found: Paged<Found> | null = $state.raw(null);

  /** Begins another search; the one before is heard no more. */
  search(text: string, entry: Entry | null, catalogue: Catalogue): void {
    this.found?.stop();
    this.text = text;
    this.entry = entry;
    this.found = text === '' && entry === null ? null : this.#list(text, entry, catalogue);
    this.found?.want(0);
  }

  /** Keys were written or deleted here. */
  renew(): void {
    this.tree.renew();
  }

  #list(text: string, entry: Entry | null, catalogue: Catalogue): Paged<Found> {
    const prefix = entry?.pattern.split('<')[0] ?? '';
    return new Paged<Found>(
      this.shelf,
      async (after) => {
        const page = await hub().call<{ keys: Found[]; next: string | null }>('stagedoor/@browse', {
          prefix,
          search: text,
          limit: PAGE,
          ...(after === null ? {} : { after }),
        });
        const { keys } = page;
        return { items: entry ? keys.filter(({ key }) => catalogue.resolve(key) === entry) : keys, next: page.next };
      },
      ({ key }) => key,
    );
  }
}

export const browsing = new Browsing();
