/** Short messages that come and go in a corner. */

import { problemText } from './problem';

export interface Toast {
  id: number;
  text: string;
  kind: 'info' | 'error';
  /** Something to do about it, for example to undo. */
  action?: { label: string; run: () => void };
}

const SHOWN_MS = 6_000;

/** What fails again and again all night must not fill the window. */
const MAX_SHOWN = 5;

class Toasts {
  all: Toast[] = $state([]);
  /** Whether somebody is at them: then none goes by itself. */
  isHeld: () => boolean = () => false;
  #next = 0;

  show(text: string, kind: Toast['kind'] = 'info', action?: Toast['action']): void {
    const toast: Toast = { id: this.#next++, text, kind, ...(action ? { action } : {}) };
    // What is said again takes its own place, unless it undoes something else.
    const others = this.all.filter((other) => other.action || other.kind !== kind || other.text !== text);
    this.all = [...others, toast].slice(-MAX_SHOWN);
    // An error stays until it was read.
    if (kind === 'info') this.#dismissAfter(action ? SHOWN_MS * 2 : SHOWN_MS, toast.id);
  }

  #dismissAfter(ms: number, id: number): void {
    setTimeout(() => (this.isHeld() ? this.#dismissAfter(SHOWN_MS, id) : this.dismiss(id)), ms);
  }

  dismiss(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();

/** Shows why something failed. */
export function showProblem(error: unknown): void {
  toasts.show(problemText(error), 'error');
}
