/** What one says of a notification in a line, in the words that the dashboard has for the events it becomes. */

import { t } from '../../i18n/index.svelte';
import { isObject } from '../../ui/schema';
import { readEvent, summarize, type Summary } from '../dashboard/events';
import { capitalized, type Notification, type Topic } from './twitch';

export interface Said {
  /** Who it is about; may be empty. */
  name: string;
  /** What they did. */
  what: string;
  /** What was written with it. */
  message: string;
}

/** A notification as it is stored; `null` for what is none. */
export function readNotification(value: unknown): Notification | null {
  if (!isObject(value) || !isObject(value['subscription']) || typeof value['subscription']['type'] !== 'string') return null;
  return isObject(value['event']) ? (value as unknown as Notification) : null;
}

export function say({ subscription, event }: Notification, topic: Topic | undefined): Said {
  // Of the two gifts that a topic may become, the one of many tells how many.
  const type = topic?.events.at(-1)?.replace('Twitch.', '') ?? '';
  const summary: Summary = summarize(readEvent(0, `event/Twitch/${type}`, JSON.stringify(event), 0));
  if (summary.verb === 'happens') {
    const summed = topic ? (t().twitch.words[topic.summary] ?? topic.summary) : subscription.type;
    const whom = [summary.name, summary.title].filter(Boolean).join(' · ');
    return { name: '', what: capitalized(whom ? `${summed}: ${whom}` : summed), message: summary.message };
  }
  const isAboutNobody = summary.verb === 'goesLive' || summary.verb === 'goesOff';
  return {
    name: isAboutNobody ? '' : summary.name || t().twitch.try.somebody,
    what: t().dashboard.verbs[summary.verb](summary),
    message: summary.message,
  };
}

/** The same as one text. */
export function sayOf(notification: Notification, topic: Topic | undefined): string {
  const { name, what } = say(notification, topic);
  return `${name} ${what}`.trim();
}
