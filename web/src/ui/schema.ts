/** What a form makes of a JSON Schema: which field a schema gets, and which value a new one begins with. */

export type Schema = boolean | SchemaObject;

export interface SchemaObject {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  readOnly?: boolean;
  writeOnly?: boolean;
  minimum?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  [other: string]: unknown;
}

/** What is wrong with a part of a value. */
export interface Problem {
  /** Where, as a JSON Pointer such as `/steps/0/name`; empty for the whole. */
  path: string;
  text: string;
}

/** `value`: a text, a number, true or false, or any JSON; `json`: JSON alone. */
export type Kind = 'choice' | 'text' | 'number' | 'flag' | 'object' | 'map' | 'list' | 'union' | 'value' | 'json';

export interface Shape {
  kind: Kind;
  schema: SchemaObject;
  isNullable: boolean;
  /** What a choice is between. */
  choices: unknown[];
  /** The schemas that a union is between. */
  variants: Schema[];
}

/** What no form can show piece by piece. */
const BEYOND_FORMS = [
  'allOf', 'not', 'if', 'patternProperties', 'prefixItems', 'dependentSchemas', 'dependentRequired', 'propertyNames',
  'contains', '$dynamicRef', '$recursiveRef',
]; // prettier-ignore

/** Words that an alternative may have beside it without changing what it means. */
const BESIDE_UNION = ['anyOf', 'oneOf', 'title', 'description', 'default', 'examples', 'format', 'readOnly', 'writeOnly'];

const MAX_REFERENCES = 16;

/** Tells which field a schema gets. `root` is where its references lead. */
export function shapeOf(schema: Schema, root: Schema): Shape {
  const found = resolve(schema, root);
  if (found === false) return shape('json', {});
  if (found === true) return shape('value', {});
  if ('const' in found) return { ...shape('choice', found), choices: [found.const] };
  if (Array.isArray(found.enum)) return { ...shape('choice', found), choices: found.enum };
  if (BEYOND_FORMS.some((word) => word in found)) return shape('json', found);
  const variants = found.anyOf ?? found.oneOf;
  if (Array.isArray(variants)) {
    const isPlain = !(found.anyOf && found.oneOf) && Object.keys(found).every((word) => BESIDE_UNION.includes(word));
    return isPlain ? unionOf(found, variants, root) : shape('json', found);
  }
  if (Array.isArray(found.type)) {
    const { title: _, description: __, default: ___, ...rest } = found;
    return unionOf(found, found.type.map((type) => ({ ...rest, type })), root);
  }
  return shape(kindOf(found), found, found.type === 'null' ? [null] : []);
}

function kindOf(schema: SchemaObject): Kind {
  switch (schema.type ?? (schema.properties ? 'object' : schema.items !== undefined ? 'array' : '')) {
    case 'string':
      return schema.format === 'json' ? 'json' : 'text';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'flag';
    case 'null':
      return 'choice';
    case 'array':
      return schema.format === 'json' ? 'json' : 'list';
    case 'object':
      if (schema.format === 'json') return 'json';
      if (schema.properties && Object.keys(schema.properties).length > 0) return 'object';
      if (schema.additionalProperties === false) return 'object';
      return schema.additionalProperties === undefined ? 'json' : 'map';
    case '':
      return 'value';
    default:
      return 'json';
  }
}

function unionOf(schema: SchemaObject, variants: Schema[], root: Schema): Shape {
  const left = variants.filter((variant) => !isNull(variant, root));
  const isNullable = left.length < variants.length;
  const { anyOf: _, oneOf: __, type: ___, ...words } = schema;
  const [only] = left;
  if (left.length === 1 && only !== undefined) {
    const inner = shapeOf(only, root);
    const choices = inner.kind === 'choice' && isNullable ? [...inner.choices, null] : inner.choices;
    return { ...inner, schema: { ...inner.schema, ...words }, choices, isNullable: isNullable || inner.isNullable };
  }
  const shapes = left.map((variant) => shapeOf(variant, root));
  if (left.length > 0 && shapes.every((one) => one.kind === 'choice')) {
    const choices = shapes.flatMap((one) => one.choices);
    return { ...shape('choice', words), choices: isNullable ? [...choices, null] : choices };
  }
  return left.length === 0 ? shape('choice', words, [null]) : { ...shape('union', words), isNullable, variants: left };
}

function isNull(variant: Schema, root: Schema): boolean {
  const found = resolve(variant, root);
  return typeof found === 'object' && (found.type === 'null' || ('const' in found && found.const === null));
}

function shape(kind: Kind, schema: SchemaObject, choices: unknown[] = []): Shape {
  return { kind, schema, isNullable: false, choices, variants: [] };
}

/** Follows a schema's references; `true`, which allows anything, when they lead nowhere or in a circle. */
export function resolve(schema: Schema, root: Schema): Schema {
  let found = schema;
  for (let turn = 0; turn < MAX_REFERENCES; turn += 1) {
    if (typeof found !== 'object' || found === null || typeof found.$ref !== 'string') return found ?? true;
    const { $ref, ...words } = found;
    const target = $ref.startsWith('#') ? lookUp(root, $ref.slice(1)) : undefined;
    if (typeof target !== 'object' || target === null) return target === false ? false : true;
    found = { ...(target as SchemaObject), ...words };
  }
  return true;
}

function lookUp(root: unknown, pointer: string): unknown {
  return readPath(pointer).reduce<unknown>(
    (place, part) => (isObject(place) && Object.hasOwn(place, part) ? place[part] : undefined),
    root,
  );
}

/** The value that a new, required field has; `undefined` when somebody has to say it. */
export function initial(schema: Schema, root: Schema, depth = 0): unknown {
  const { kind, schema: found, isNullable, choices, variants } = shapeOf(schema, root);
  if ('default' in found) return structuredClone(found.default);
  if (isNullable) return null;
  switch (kind) {
    case 'choice':
      return choices[0];
    case 'text':
    case 'value':
      return '';
    case 'flag':
      return false;
    case 'number':
      return undefined;
    case 'list':
      return [];
    case 'map':
      return {};
    case 'json':
      return found.type === 'array' ? [] : found.type === 'object' ? {} : undefined;
    case 'union':
      return initial(variants[0] ?? true, root, depth);
    case 'object': {
      // What needs itself can never be complete.
      if (depth > 8) return {};
      const members = (found.required ?? []).map((name): [string, unknown] => [
        name,
        initial(found.properties?.[name] ?? true, root, depth + 1),
      ]);
      return Object.fromEntries(members.filter(([, value]) => value !== undefined));
    }
  }
}

/** A schema whose members all have a title: `messageId` without one is called `Message ID`. */
export function titled(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (name, value: unknown) => {
    if (name !== 'properties' || !isObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([member, part]) => [member, isObject(part) ? { title: inWords(member), ...part } : part]),
    );
  }) as Schema;
}

function inWords(member: string): string {
  const words = member.replace(/([a-z\d])([A-Z])/g, '$1 $2').replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1).replace(/\b(?:id|url)\b/g, (short) => short.toUpperCase());
}

/** Tells, roughly, whether a value may be meant by a schema: which alternative of several a form shows. */
export function fits(schema: Schema, value: unknown, root: Schema): boolean {
  const { kind, schema: found, isNullable, choices, variants } = shapeOf(schema, root);
  if (value === null && isNullable) return true;
  switch (kind) {
    case 'choice':
      return choices.some((choice) => isSame(choice, value));
    case 'text':
      return typeof value === 'string';
    case 'number':
      return typeof value === 'number' && (found.type !== 'integer' || Number.isInteger(value));
    case 'flag':
      return typeof value === 'boolean';
    case 'list':
      return Array.isArray(value);
    case 'map':
      return isObject(value);
    case 'union':
      return variants.some((variant) => fits(variant, value, root));
    case 'object':
      return (
        isObject(value) &&
        (found.required ?? []).every((name) => Object.hasOwn(value, name)) &&
        Object.entries(found.properties ?? {}).every(
          ([name, member]) => !Object.hasOwn(value, name) || shapeOf(member, root).kind !== 'choice' || fits(member, value[name], root),
        ) &&
        (found.additionalProperties !== false || Object.keys(value).every((name) => Object.hasOwn(found.properties ?? {}, name)))
      );
    case 'json':
      return found.type === 'array' ? Array.isArray(value) : found.type === 'object' ? isObject(value) : true;
    case 'value':
      return true;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether two JSON values are the same. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
}

/** Names a part of the value at a path. */
export function join(path: string, part: string | number): string {
  return `${path}/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** The parts of a path. */
export function readPath(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** Whether a path leads to a place or into it. */
export function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}/`);
}

/** The problems of a part, as it sees them itself. */
export function problemsWithin(problems: Problem[], place: string): Problem[] {
  return problems
    .filter(({ path }) => isWithin(path, place))
    .map(({ path, text }) => ({ path: path.slice(place.length), text }));
}
