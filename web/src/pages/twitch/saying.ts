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

export function say(notification: Notification, topic: Topic | undefined): Said {
  const { subscription } = notification;
  const summary: Summary = summarize(
    readEvent(0, `event/Twitch/${typeOf(notification, topic)}`, JSON.stringify(plain(notification.event)), 0),
  );
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

/** The one of the events that a topic may become which says what the notification tells. */
function typeOf({ subscription, event }: Notification, topic: Topic | undefined): string {
  switch (subscription.type) {
    case 'channel.chat.message':
      return 'ChatMessage';
    case 'channel.subscribe': // tells of who has the subscription, also when another has given it
      return 'Sub';
    case 'channel.ban':
      return event['is_permanent'] === false ? 'UserTimedOut' : 'UserBanned';
    default: // Of the two gifts that a topic may become, the last, that of many, tells how many.
      return topic?.events.at(-1)?.replace('Twitch.', '') ?? '';
  }
}

/** The same with who, what was written and how long under the names that most topics have for them. */
function plain(event: Record<string, unknown>): Record<string, unknown> {
  const { message, whisper } = event;
  const written = isObject(message) ? message['text'] : isObject(whisper) ? whisper['text'] : message;
  const seconds = (Date.parse(String(event['ends_at'])) - Date.parse(String(event['banned_at']))) / 1000;
  return {
    ...event,
    user_name: event['user_name'] ?? event['chatter_user_name'] ?? event['from_user_name'] ?? event['target_user_name'],
    message: written || event['system_message'],
    ...(seconds > 0 && { duration: Math.round(seconds) }),
  };
}

/** What {@link say} says as one text. */
export function sayOf(notification: Notification, topic: Topic | undefined): string {
  const { name, what } = say(notification, topic);
  return `${name} ${what}`.trim();
}
