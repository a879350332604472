/** The console's pages: one entry each. A page is loaded when it is first shown. */

import Apps from '@lucide/svelte/icons/door-open';
import Backups from '@lucide/svelte/icons/archive-restore';
import Loyalty from '@lucide/svelte/icons/coins';
import About from '@lucide/svelte/icons/info';
import Welcome from '@lucide/svelte/icons/hand';
import Dashboard from '@lucide/svelte/icons/layout-dashboard';
import Chat from '@lucide/svelte/icons/messages-square';
import Log from '@lucide/svelte/icons/scroll-text';
import Audit from '@lucide/svelte/icons/shield-check';
import Server from '@lucide/svelte/icons/server';
import Variables from '@lucide/svelte/icons/variable';
import Actions from '@lucide/svelte/icons/zap';
import Keys from '@lucide/svelte/icons/key-round';
import Twitch from '@lucide/svelte/icons/tv';
import type { Component } from 'svelte';
import type { Texts } from './i18n/index.svelte';
import LogBadge from './pages/log/LogBadge.svelte';

export interface Page {
  /** The first part of its address. */
  name: string;
  title: (texts: Texts) => string;
  icon: Component<{ size?: number }>;
  load: () => Promise<{ default: Component }>;
  /** Stands beside its title in the menu. */
  badge?: Component;
  /** Whether other pages lead to it, and the menu does not. */
  isAside?: boolean;
}

export const PAGES: Page[] = [
  {
    name: 'dashboard',
    title: (texts) => texts.dashboard.title,
    icon: Dashboard,
    load: () => import('./pages/dashboard/Dashboard.svelte'),
  },
  {
    name: 'twitch',
    title: (texts) => texts.twitch.title,
    icon: Twitch,
    load: () => import('./pages/twitch/Twitch.svelte'),
  },
  {
    name: 'chat',
    title: (texts) => texts.chat.title,
    icon: Chat,
    load: () => import('./pages/chat/Chat.svelte'),
  },
  {
    name: 'loyalty',
    title: (texts) => texts.loyalty.title,
    icon: Loyalty,
    load: () => import('./pages/loyalty/Loyalty.svelte'),
  },
  {
    name: 'apps',
    title: (texts) => texts.apps.menu,
    icon: Apps,
    load: () => import('./pages/apps/Apps.svelte'),
  },
  {
    name: 'server',
    title: (texts) => texts.server.title,
    icon: Server,
    load: () => import('./pages/server/Server.svelte'),
  },
  {
    name: 'keys',
    title: (texts) => texts.keys.title,
    icon: Keys,
    load: () => import('./pages/keys/Keys.svelte'),
  },
  {
    name: 'actions',
    title: (texts) => texts.actions.title,
    icon: Actions,
    load: () => import('./pages/actions/Actions.svelte'),
  },
  {
    name: 'variables',
    title: (texts) => texts.variables.title,
    icon: Variables,
    load: () => import('./pages/variables/Variables.svelte'),
  },
  {
    name: 'log',
    title: (texts) => texts.log.title,
    icon: Log,
    load: () => import('./pages/log/Log.svelte'),
    badge: LogBadge,
  },
  {
    name: 'audit',
    title: (texts) => texts.audit.title,
    icon: Audit,
    load: () => import('./pages/audit/Audit.svelte'),
  },
  {
    name: 'backups',
    title: (texts) => texts.backups.title,
    icon: Backups,
    load: () => import('./pages/backups/Backups.svelte'),
  },
  {
    name: 'about',
    title: (texts) => texts.about.title,
    icon: About,
    load: () => import('./pages/about/About.svelte'),
  },
  {
    name: 'welcome',
    title: (texts) => texts.welcome.title,
    icon: Welcome,
    load: () => import('./pages/welcome/Welcome.svelte'),
    isAside: true,
  },
];
