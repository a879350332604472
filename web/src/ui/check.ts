/** Holds a value against its schema. The validator is loaded when it is first needed. */

import { t } from '../i18n/index.svelte';
import { isWithin, join, type Problem, type Schema } from './schema';

interface Finding {
  keyword: string;
  keywordLocation: string;
  instanceLocation: string;
  error: string;
}

/** What fails only because something inside it does, which is said there. */
const ABOUT_PARTS = ['properties', 'items', 'prefixItems', 'additionalProperties', 'patternProperties', '$ref', 'allOf', 'if', 'then', 'else'];

/** What is wrong with a value, place by place. */
export async function check(schema: Schema, value: unknown): Promise<Problem[]> {
  const { Validator } = await import('@cfworker/json-schema');
  if (value === undefined) return [{ path: '', text: t().form.problems.required }];
  const { errors } = new Validator(schema as object, '2020-12', false).validate(value) as { errors: Finding[] };
  const found = errors.filter(isTelling);
  // A member that does not fit counts as one that is not known, too, where others are forbidden.
  const isSaidBetter = (place: string): boolean =>
    found.some(({ keyword, instanceLocation }) => keyword !== 'false' && isWithin(instanceLocation, place));
  return found.filter(({ keyword, instanceLocation }) => keyword !== 'false' || !isSaidBetter(instanceLocation)).map(tell);
}

function isTelling({ keyword, keywordLocation }: Finding): boolean {
  // Why each alternative does not fit is more than anybody wants to know.
  return !ABOUT_PARTS.includes(keyword) && !/\/(anyOf|oneOf)\/\d+\//.test(keywordLocation);
}

function tell({ keyword, instanceLocation, error }: Finding): Problem {
  const { problems } = t().form;
  const path = decodeURI(instanceLocation.slice(1));
  if (keyword === 'required') {
    const name = /"(.*)"/s.exec(error)?.[1];
    return { path: name === undefined ? path : join(path, name), text: problems.required };
  }
  // The bound is the last number in the validator's words.
  const bound = error.match(/-?\d+(?:\.\d+)?/g)?.at(-1) ?? '';
  switch (keyword) {
    case 'type':
      return { path, text: problems.type(/Expected "(.*)"/.exec(error)?.[1]?.replaceAll('"', '') ?? '') };
    case 'enum':
    case 'const':
      return { path, text: problems.choice };
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return { path, text: bound === '1' ? problems.empty : problems.short(bound) };
    case 'minimum':
    case 'exclusiveMinimum':
      return { path, text: problems.minimum(bound) };
    case 'maximum':
    case 'exclusiveMaximum':
      return { path, text: problems.maximum(bound) };
    case 'false':
      return { path, text: problems.unknown };
    default:
      return { path, text: problems.unfit };
  }
}
