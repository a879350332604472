/** Pairs this device: first the certificate, then, encrypted, the number that the owner compares. */

import { isItalian, texts } from './texts.js';

/** Where the console's page keeps its pass. */
const PASS = 'stagedoor.pass';
/** Where this page keeps, in this tab, what it waits for: it may be loaded anew meanwhile. */
const ATTEMPT = 'stagedoor.pairing';
const RETRY_MS = 1500;
const MOST_TRIES = 60;

const main = document.getElementById('main');
const code = /^#code=([\w-]+)$/i.exec(location.hash)?.[1].toLowerCase() ?? '';
const encrypted = `https://${location.host}/pair${location.hash}`;

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function show(title, ...children) {
  document.title = `${title} · stagedoor`;
  main.replaceChildren(element('h1', { textContent: title }), ...children);
  main.focus();
}

function paragraph(text, className = '') {
  return element('p', { textContent: text, className });
}

function button(text, onclick, className = '') {
  return element('button', { type: 'button', textContent: text, onclick, className });
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}

// --- the certificate ---

/** Whether this browser trusts what the encrypted page shows. What comes back cannot be read; that it comes is enough. */
async function isTrusted() {
  try {
    await fetch(`https://${location.host}/pair/reach`, { mode: 'no-cors', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}

/** A fingerprint as systems show it; a line ends between two pairs. */
function inPairs(fingerprint) {
  return fingerprint
    .toUpperCase()
    .match(/../g)
    .flatMap((pair, index) => (index === 0 ? [pair] : [':', element('wbr'), pair]));
}

function systemName() {
  const agent = navigator.userAgent;
  if (/iPhone|iPad/.test(agent) || (/Macintosh/.test(agent) && navigator.maxTouchPoints > 1)) return 'iphone';
  if (/Android/.test(agent)) return 'android';
  if (/Windows/.test(agent)) return 'windows';
  return /Mac OS X/.test(agent) ? 'mac' : 'linux';
}

async function trust() {
  show(texts.asking);
  if (await isTrusted()) return location.replace(encrypted);
  const { fingerprint } = await (await fetch('/pair/facts')).json();
  const words = texts.trust;
  if (fingerprint === null) return show(words.title, paragraph(words.none));
  const own = systemName();
  const names = Object.keys(texts.systems).sort((one, other) => Number(other === own) - Number(one === own));
  const problem = element('div', { role: 'alert' });
  const goOn = button(words.done, () => void tryAgain(), 'primary');
  let isTrying = false;

  async function tryAgain(isAsked = true) {
    if (isTrying) return;
    isTrying = true;
    if (isAsked) goOn.textContent = words.trying;
    if (await isTrusted()) return location.replace(encrypted);
    isTrying = false;
    goOn.textContent = words.done;
    if (!isAsked) return;
    problem.replaceChildren(
      element(
        'div',
        { className: 'card' },
        paragraph(words.notYet),
        element('a', { href: encrypted, textContent: words.open }),
        paragraph(words.openHint, 'quiet'),
      ),
    );
  }

  // Whoever comes back from the settings need not tap anything.
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden && goOn.isConnected) void tryAgain(false);
  });
  show(
    words.title,
    paragraph(words.why),
    element('a', { className: 'button primary', href: '/authority.crt', textContent: words.get }),
    element('h2', { textContent: words.fingerprint }),
    element('code', { className: 'fingerprint' }, ...inPairs(fingerprint)),
    paragraph(words.compare, 'notice'),
    element('h2', { textContent: words.how }),
    element(
      'div',
      { className: 'all' },
      ...names.map((name) => {
        const [title, steps] = texts.systems[name];
        const list = element('ol', {}, ...steps.map((step) => element('li', { textContent: step })));
        return element('details', { open: name === own }, element('summary', { textContent: title }), list);
      }),
    ),
    paragraph(words.later, 'quiet'),
    goOn,
    problem,
  );
}

// --- the number ---

async function send(message, method = 'POST') {
  const answer = await fetch('/pair', {
    method,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(message),
  });
  return answer.status === 204 ? {} : answer.json();
}

function end(name, again = null) {
  sessionStorage.removeItem(ATTEMPT);
  const [title, text] = texts.ends[name] ?? texts.ends.failed;
  show(title, paragraph(text), ...(again ? [button(texts.again, again, 'primary')] : []));
}

async function ask() {
  show(texts.asking);
  const kept = JSON.parse(sessionStorage.getItem(ATTEMPT) ?? 'null');
  if (kept !== null && (code === '' || kept.code === code)) return wait(kept);
  if (code === '') return end('noCode');
  let answer;
  try {
    answer = await send({ code });
  } catch {
    return end('failed', ask);
  }
  if (answer.problem) return end(answer.problem, ['busy', 'slow'].includes(answer.problem) ? ask : null);
  const attempt = { ...answer, code };
  sessionStorage.setItem(ATTEMPT, JSON.stringify(attempt));
  return wait(attempt);
}

async function wait({ id, number }) {
  const words = texts.number;
  const state = paragraph(words.waiting, 'quiet');
  let isCancelled = false;
  const cancel = button(words.cancel, () => {
    isCancelled = true;
    send({ id }, 'DELETE').catch(() => undefined);
    end('cancelled');
  });
  show(words.title, element('p', { className: 'number', textContent: number }), paragraph(words.text), state, cancel);
  let failures = 0;
  while (!isCancelled) {
    let answer;
    try {
      answer = await send({ id });
      failures = 0;
    } catch {
      failures += 1;
      if (failures > MOST_TRIES) return end('failed');
      state.textContent = words.lost;
      await pause();
      continue;
    }
    if (isCancelled) return;
    state.textContent = words.waiting;
    if (answer.problem) return end(answer.problem);
    if (answer.state === 'allowed') return enter(answer.token);
    if (answer.state !== 'waiting') return end(answer.state === 'denied' ? 'denied' : 'unanswered');
  }
}

function enter(token) {
  sessionStorage.removeItem(ATTEMPT);
  try {
    localStorage.setItem(PASS, token);
  } catch {
    return show(texts.noStore);
  }
  show(texts.in);
  location.replace('/');
}

document.documentElement.lang = isItalian ? 'it' : 'en';
if (location.protocol === 'https:') {
  // The history should not keep the code.
  history.replaceState(null, '', '/pair');
  void ask();
} else if (code === '') {
  end('noCode');
} else {
  trust().catch(() => end('failed', () => location.reload()));
}
