/** Calls the owner to a question: by a gentle sound, by a notification of the browser. Of several tabs, one does. */

const FRONT = 'stagedoor.front';

let audio: AudioContext | undefined;

/** Plays two soft notes. Browsers let a page do so only after it was clicked or typed in. */
export async function playSound(): Promise<void> {
  audio ??= new AudioContext();
  await audio.resume();
  const start = audio.currentTime + 0.02;
  // A fifth, A4 and E5.
  for (const [index, frequency] of [440, 659.25].entries()) {
    const at = start + index * 0.18;
    const tone = new OscillatorNode(audio, { type: 'sine', frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.setValueAtTime(0, at);
    volume.gain.linearRampToValueAtTime(0.12, at + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.9);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.95);
  }
}

/** Shows a notification that leads to this tab when it is clicked; `tag` makes a newer one take its place. */
export function notify(title: string, body: string, tag: string): Notification {
  const shown = new Notification(title, { body, tag, icon: '/icon.svg' });
  shown.onclick = () => {
    focus();
    shown.close();
  };
  return shown;
}

/** What the browser says of notifications; `impossible` where it has none, as on pages that are not from this computer. */
export function notificationPermission(): NotificationPermission | 'impossible' {
  return 'Notification' in globalThis && isSecureContext ? Notification.permission : 'impossible';
}

/**
 * Does something in one tab alone, for as long as a question is open: `start` gives the way to end it.
 * Returns how to say that the question is over.
 */
export function inOneTab(name: string, start: () => (() => void) | undefined): () => void {
  let over: () => void = () => undefined;
  const isOver = new Promise<void>((resolve) => (over = resolve));
  const run = async (): Promise<void> => {
    const end = start();
    await isOver;
    end?.();
  };
  // Without locks (a page over plain HTTP from elsewhere) every tab calls; better twice than never.
  if (!('locks' in navigator)) void run();
  else void navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock ? run() : undefined));
  return over;
}

/** Tells whether one of the console's tabs is in front of its owner. */
export async function isInFront(): Promise<boolean> {
  if (isThisInFront()) return true;
  if (!('locks' in navigator)) return false;
  return navigator.locks.request(FRONT, { ifAvailable: true }, (lock) => lock === null);
}

/** Lets the other tabs know while this one is in front. Returns how to stop that. */
export function tellWhetherInFront(): () => void {
  let leave: (() => void) | undefined;
  const look = (): void => {
    if (!isThisInFront()) {
      leave?.();
      leave = undefined;
    } else if (!leave && 'locks' in navigator) {
      const left = new Promise<void>((resolve) => (leave = resolve));
      void navigator.locks.request(FRONT, { mode: 'shared' }, () => left);
    }
  };
  const events = ['focus', 'blur', 'pageshow'];
  for (const name of events) addEventListener(name, look);
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    for (const name of events) removeEventListener(name, look);
    document.removeEventListener('visibilitychange', look);
    leave?.();
  };
}

function isThisInFront(): boolean {
  return document.visibilityState === 'visible' && document.hasFocus();
}
