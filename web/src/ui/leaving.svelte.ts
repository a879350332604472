/** Asks before an edit is lost that is not saved. */

import { t } from '../i18n/index.svelte';
import { router } from '../router.svelte';
import { confirm } from './confirm.svelte';

/**
 * Watches over an edit while the component is there; call it while that is set up. `stays` tells of an address at
 * which the edit goes on.
 */
export function keepEdit(isDirty: () => boolean, text: () => string, stays: (parts: string[]) => boolean = () => false): void {
  $effect(() => {
    const mayLeave = async (wanted: string[]): Promise<boolean> =>
      !isDirty() ||
      stays(wanted) ||
      confirm.ask({ title: t().form.leave, text: text(), yes: t().form.leaveYes, isDangerous: true });
    const beforeunload = (event: BeforeUnloadEvent): void => {
      if (isDirty()) event.preventDefault();
    };
    router.guard = mayLeave;
    addEventListener('beforeunload', beforeunload);
    return () => {
      if (router.guard === mayLeave) router.guard = null;
      removeEventListener('beforeunload', beforeunload);
    };
  });
}
