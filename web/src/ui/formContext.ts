/** What the fields of one form share. */

import { getContext, setContext } from 'svelte';
import type { Schema } from './schema';

export interface FormContext {
  /** Where references of the schema lead. */
  readonly root: Schema;
  /** What to offer in text fields of a format, such as the names of variables. */
  readonly offers: Record<string, string[]>;
  /** Says whether a field holds something that cannot be read; `id` is the field's own. */
  tell(id: string, isBroken: boolean): void;
}

const KEY = Symbol('form');

export function provideForm(context: FormContext): void {
  setContext(KEY, context);
}

/** The form around a field; `undefined` where there is none. */
export function useForm(): FormContext | undefined {
  return getContext<FormContext | undefined>(KEY);
}
