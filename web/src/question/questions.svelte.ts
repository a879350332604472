/** Who asks to come in, for all that shows it: the dialog, the tab's title, the page of applications. */

import type { Question } from './question';

export type Verdict = 'allowed' | 'remembered' | 'denied';

/** A question that was answered in this browser. */
export interface Answered {
  question: Question;
  verdict: Verdict;
  atMs: number;
}

const MAX_ANSWERED = 10;

class Questions {
  /** Oldest first. */
  open: Question[] = $state.raw([]);
  /** Newest first, since the console was opened in this tab. */
  answered: Answered[] = $state.raw([]);
  #channel = new BroadcastChannel('stagedoor.answered');

  constructor() {
    this.#channel.onmessage = (event: MessageEvent<Answered>) => this.#keep(event.data);
  }

  /** Remembers an answer, in all tabs. */
  note(question: Question, verdict: Verdict): void {
    const answered = { question, verdict, atMs: Date.now() };
    this.#keep(answered);
    this.#channel.postMessage(answered);
  }

  #keep(answered: Answered): void {
    this.answered = [answered, ...this.answered].slice(0, MAX_ANSWERED);
  }
}

export const questions = new Questions();
