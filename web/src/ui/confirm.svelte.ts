/** Asks the owner before something that cannot be taken back. */

export interface Question {
  title: string;
  text: string;
  /** What the button says that does it. */
  yes: string;
  isDangerous: boolean;
}

class Confirm {
  open: (Question & { answer: (yes: boolean) => void }) | null = $state.raw(null);

  ask(question: Question): Promise<boolean> {
    this.open?.answer(false);
    return new Promise((resolve) => {
      this.open = {
        ...question,
        answer: (yes) => {
          this.open = null;
          resolve(yes);
        },
      };
    });
  }
}

export const confirm = new Confirm();
