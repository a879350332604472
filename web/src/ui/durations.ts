/** Times in the units that people choose. */

/** Each in seconds. */
export const UNITS = { seconds: 1, minutes: 60, hours: 3600 } as const;
export type Unit = keyof typeof UNITS;

/** The largest unit in which a time is a whole number. */
export function unitOf(seconds: number): Unit {
  return seconds % UNITS.hours === 0 && seconds > 0 ? 'hours' : seconds % UNITS.minutes === 0 ? 'minutes' : 'seconds';
}
