/** What somebody changed of an example. */

import { isObject, isSame } from '../../ui/schema';

/**
 * The members that differ, such that laying them over the example gives the value; `undefined` when that cannot be, since
 * a member was taken away or the value is no object.
 */
export function changesOf(example: unknown, value: unknown): Record<string, unknown> | undefined {
  if (!isObject(example) || !isObject(value)) return undefined;
  if (Object.keys(example).some((name) => !Object.hasOwn(value, name))) return undefined;
  const changes: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    const old = example[name];
    if (Object.hasOwn(example, name) && isSame(old, member)) continue;
    // To lay null over something leaves it as it is.
    if (member === null) return undefined;
    if (isObject(old) && isObject(member)) {
      const below = changesOf(old, member);
      if (below === undefined) return undefined;
      changes[name] = below;
    } else changes[name] = member;
  }
  return changes;
}
