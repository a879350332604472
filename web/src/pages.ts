/** The console's pages: one entry each. A page is loaded when it is first shown. */

import Apps from '@lucide/svelte/icons/app-window';
import type { Component } from 'svelte';
import type { Texts } from './i18n/index.svelte';

export interface Page {
  /** The first part of its address. */
  name: string;
  title: (texts: Texts) => string;
  icon: Component<{ size?: number }>;
  load: () => Promise<{ default: Component }>;
}

export const PAGES: Page[] = [
  {
    name: 'apps',
    title: (texts) => texts.apps.title,
    icon: Apps,
    load: () => import('./pages/apps/Apps.svelte'),
  },
];
