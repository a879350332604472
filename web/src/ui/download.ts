import { LOST, RequestError } from '../kilovolt';
import { session } from '../session.svelte';
import { saveFile } from './saveFile';

/** Lets the browser save what only the owner may fetch. */
export async function download(path: string, name: string): Promise<void> {
  const answer = await fetch(path, { headers: session.authorization }).catch(() => {
    throw new RequestError(LOST, '');
  });
  if (!answer.ok) throw new Error((await answer.text()).trim() || answer.statusText);
  saveFile(name, await answer.blob());
}
