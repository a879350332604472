/** For how long somebody may come in. */

/** At this hour the night after a stream is over, so that what is let in for today does not go while one is live. */
const MORNING_HOUR = 6;

/** When today is over: in the next morning. */
export function endOfToday(nowMs: number): number {
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING_HOUR).getTime();
}

export function inDays(nowMs: number, days: number): number {
  const now = new Date(nowMs);
  // By the calendar, so that a change of the clocks moves nothing.
  return new Date(nowMs).setDate(now.getDate() + days);
}

/** A time as a field of type `datetime-local` writes it. */
export function toField(atMs: number): string {
  const at = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${date}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The time that such a field says; `null` while it says none. */
export function fromField(text: string): number | null {
  const at = new Date(text).getTime();
  return Number.isNaN(at) ? null : at;
}
