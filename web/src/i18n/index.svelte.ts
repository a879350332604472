/** The console's words. A language is an object of the same shape as the English one: the compiler finds what is missing. */

import { settings } from '../settings.svelte';
import { en } from './en';
import { it } from './it';

export type Texts = typeof en;

const LANGUAGES = { en, it } satisfies Record<string, Texts>;

/** The words in the chosen language; reactive. */
export function t(): Texts {
  return LANGUAGES[settings.language];
}

/** The browser's own kind of the language, which knows how dates are written where its owner lives. */
function locale(): string {
  return navigator.languages.find((name) => name.startsWith(settings.language)) ?? settings.language;
}

/** A number as the language writes it. */
export function number(value: number): string {
  return value.toLocaleString(locale());
}

/** Bytes with a fitting unit. */
export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toLocaleString(locale(), { maximumFractionDigits: unit === 0 ? 0 : 1 })} ${units[unit]}`;
}

/** A time of day. */
export function clock(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(locale());
}

/** A time of day without its seconds. */
export function minute(atMs: number): string {
  return new Date(atMs).toLocaleTimeString(locale(), { hour: '2-digit', minute: '2-digit' });
}

/** A date with a time. */
export function date(atMs: number): string {
  return new Date(atMs).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' });
}

/** A time to the second, or to the millisecond, with its date. */
export function moment(atMs: number, fractionalSecondDigits?: 3): string {
  const time = { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits } as const;
  return new Date(atMs).toLocaleString(locale(), { year: 'numeric', month: 'short', day: 'numeric', ...time });
}

/** A time, in the largest unit in which it is a whole number. */
export function duration(seconds: number): string {
  const [unit, length] = seconds % 3600 === 0 ? ['hour', 3600] : seconds % 60 === 0 ? ['minute', 60] : ['second', 1];
  return (seconds / length).toLocaleString(locale(), { style: 'unit', unit, unitDisplay: 'long' });
}
