/** What the page asks of the server's archives, and how files go there and back. */

import { session } from '../../session.svelte';
import { download } from '../../ui/download';

export type Mode = 'restore' | 'import';

export interface Backup {
  name: string;
  size: number;
  made_at_ms: number;
  /** `null` when it is damaged. */
  keys: number | null;
}

export interface Keys {
  count: number;
  /** The first of them. */
  keys: string[];
}

/** What a restore does with those of one kind who may come in: how many. */
export interface Readmission {
  back: number;
  /** The file does not know them. */
  out: number;
  /** The file would let them in. */
  barred: number;
}

export const KINDS = ['apps', 'overlay_keys', 'sites', 'browsers'] as const;

export interface Comparison {
  add: Keys;
  change: Keys;
  delete: Keys;
  /** Keys that stay because the file has them with the same value. */
  same: number;
  /** Events and requests in the file, which are never written. */
  skipped: number;
  /** Empty for an import. */
  access: Partial<Record<(typeof KINDS)[number], Readmission>>;
}

export interface Progress {
  job: string;
  done: number;
  total: number;
}

/** A file that may be restored or imported. */
export interface Archive {
  /** What the owner calls it. */
  name: string;
  /** What the server calls it. */
  path: string;
}

/** More than this the server does not take. */
export const MAX_UPLOAD_BYTES = 512 * 1024 * 1024;

/** Lets the browser save a backup under its name. */
export function downloadBackup(name: string): Promise<void> {
  return download(`/backups/${encodeURIComponent(name)}`, name);
}

/** Sends a file; `progress` hears the bytes that are sent. Rejects with an `AbortError` when `signal` ends it. */
export function upload(file: Blob, progress: (sent: number) => void, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    // `fetch` does not tell how much was sent.
    const request = new XMLHttpRequest();
    request.open('POST', '/upload');
    for (const [name, value] of Object.entries(session.authorization)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.loaded);
    request.onload = () => {
      if (request.status === 200) resolve((JSON.parse(request.responseText) as { path: string }).path);
      else reject(new Error(request.responseText.trim() || request.statusText));
    };
    request.onerror = () => reject(new TypeError());
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

/** Whether a comparison touches a key, as far as it tells: it names only the first keys. */
export function mayTouch(comparison: Comparison, key: string): boolean {
  return [comparison.add, comparison.change, comparison.delete].some(
    ({ count, keys }) => keys.includes(key) || (count > keys.length && key > (keys.at(-1) ?? '')),
  );
}
