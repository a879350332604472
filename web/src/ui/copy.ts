import { t } from '../i18n/index.svelte';
import { showProblem, toasts } from './toasts.svelte';

/** Puts a text on the clipboard and says so. */
export async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    toasts.show(t().frame.copied);
  } catch (error) {
    showProblem(error);
  }
}
