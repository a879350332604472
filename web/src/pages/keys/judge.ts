/** Holds a text against what its key should hold. */

import { check } from '../../ui/check';
import { readText, type Fault } from '../../ui/json';
import { isObject, type Problem, type Schema } from '../../ui/schema';

export interface Verdict {
  fault?: Fault | undefined;
  problems: Problem[];
}

/** `schema` is `null` where any text will do that is JSON, if `isJson`. */
export async function judge(text: string, schema: Schema | null, isJson: boolean): Promise<Verdict> {
  if (text.trim() === '' || !isJson) return { problems: [] };
  const { value, fault } = readText(text);
  if (fault) return { fault, problems: [] };
  return { problems: schema === null ? [] : await check(schema, value) };
}

/** Whether a text is JSON with something in it, and no mere number or word. */
export function holdsJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  const { value } = readText(text);
  return isObject(value) || Array.isArray(value);
}
