/** What this browser remembers of how its owner likes the console. */

const NAME = 'stagedoor.settings';

export type Theme = 'system' | 'light' | 'dark';
export type Language = 'en' | 'it';

interface Stored {
  theme: Theme;
  language: Language;
  /** A sound when somebody asks to come in. */
  sound: boolean;
  /** A notification of the browser when somebody asks to come in. */
  notification: boolean;
  /** How many watch the stream is not shown: some are calmer without. */
  hideViewers: boolean;
}

class Settings {
  theme: Theme = $state('system');
  language: Language = $state('en');
  sound = $state(false);
  notification = $state(false);
  hideViewers = $state(false);

  constructor() {
    this.#read(localStorage.getItem(NAME));
    addEventListener('storage', (event) => {
      if (event.key === NAME) this.#read(event.newValue);
    });
  }

  change(changes: Partial<Stored>): void {
    Object.assign(this, changes);
    const { theme, language, sound, notification, hideViewers } = this;
    localStorage.setItem(NAME, JSON.stringify({ theme, language, sound, notification, hideViewers }));
  }

  #read(text: string | null): void {
    let stored: Partial<Stored> = {};
    try {
      stored = (JSON.parse(text ?? '{}') ?? {}) as Partial<Stored>;
    } catch {
      // Somebody else's text: as if there were none.
    }
    const language = stored.language ?? navigator.language.slice(0, 2);
    this.theme = stored.theme === 'light' || stored.theme === 'dark' ? stored.theme : 'system';
    this.language = language === 'it' ? 'it' : 'en';
    this.sound = stored.sound === true;
    this.notification = stored.notification === true;
    this.hideViewers = stored.hideViewers === true;
  }
}

export const settings = new Settings();
