import { cleanup, fireEvent, render, screen, within } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import JsonField from '../src/ui/JsonField.svelte';
import SchemaForm from '../src/ui/SchemaForm.svelte';
import { fits, initial, shapeOf, titled, type Problem, type Schema } from '../src/ui/schema';
import catalogue from './catalogue.json';

afterEach(cleanup);

interface Shown {
  value: unknown;
  broken: boolean;
}

/** Shows a form; what is in it can be read from the answer at any time. */
function show(schema: Schema, value: unknown, problems: Problem[] = [], offers: Record<string, string[]> = {}): Shown {
  const shown = $state({ value, broken: false });
  render(SchemaForm, {
    schema,
    problems,
    offers,
    get value() {
      return shown.value;
    },
    set value(next: unknown) {
      shown.value = next;
    },
    get broken() {
      return shown.broken;
    },
    set broken(next: boolean) {
      shown.broken = next;
    },
  });
  return shown;
}

describe('titles', () => {
  it('are made from the names of members that have none', () => {
    const named = object({ messageId: { type: 'string' }, user_name: { type: 'string', title: 'Viewer' } });
    const list: Schema = { type: 'array', items: object({ imageUrl: { type: 'string' }, isVip2Go: true }) };
    show(titled(object({ inside: named, list, properties: { type: 'string' } })), { inside: {}, list: [{}] });
    for (const name of ['Message ID', 'Viewer', 'Image URL', 'Properties']) expect(screen.getByLabelText(new RegExp(`^${name}`))).toBeTruthy();
  });
});

function object(properties: Record<string, Schema>, required: string[] = []): Schema {
  return { type: 'object', properties, required };
}

async function write(field: HTMLElement, value: string): Promise<void> {
  await fireEvent.input(field, { target: { value } });
}

async function choose(field: HTMLElement, name: string): Promise<void> {
  const option = within(field).getByRole<HTMLOptionElement>('option', { name });
  await fireEvent.change(field, { target: { value: option.value } });
}

describe('a field', () => {
  it('of a text that need not be there is absent while it is empty', async () => {
    const shown = show(object({ a: { type: 'string', title: 'Name', description: 'What it is called.' } }), {});
    const field = screen.getByLabelText(/Name/);
    expect(field).toHaveProperty('value', '');
    expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent).toBe('What it is called.');
    await write(field, 'x');
    expect(shown.value).toEqual({ a: 'x' });
    await write(field, '');
    expect(shown.value).toEqual({});
  });

  it('of a text that must be there stays, empty', async () => {
    const shown = show(object({ a: { type: 'string' } }, ['a']), { a: 'x' });
    await write(screen.getByLabelText('a'), '');
    expect(shown.value).toEqual({ a: '' });
  });

  it('of a number is a number, and half a number is none', async () => {
    const shown = show(object({ a: { type: 'integer', minimum: 3 } }), { a: 5 });
    const field = screen.getByLabelText<HTMLInputElement>(/^a\b/);
    expect(field.min).toBe('3');
    await write(field, '7');
    expect(shown.value).toEqual({ a: 7 });
    Object.defineProperty(field, 'validity', { value: { badInput: true }, configurable: true });
    await fireEvent.input(field);
    expect(shown).toEqual({ value: { a: 7 }, broken: true });
    Object.defineProperty(field, 'validity', { value: { badInput: false } });
    await write(field, '');
    expect(shown).toEqual({ value: {}, broken: false });
  });

  it('of a flag shows its default, and is absent when it is that', async () => {
    const shown = show(object({ a: { type: 'boolean', default: true } }), {});
    const field = screen.getByRole<HTMLInputElement>('checkbox', { name: 'a' });
    expect(field.checked).toBe(true);
    await fireEvent.click(field);
    expect(shown.value).toEqual({ a: false });
    await fireEvent.click(field);
    expect(shown.value).toEqual({});
  });

  it('of a flag without a default has three states', async () => {
    const shown = show(object({ a: { type: 'boolean' } }), {});
    await choose(screen.getByLabelText(/^a\b/), 'No');
    expect(shown.value).toEqual({ a: false });
    await choose(screen.getByLabelText(/^a\b/), '—');
    expect(shown.value).toEqual({});
  });

  it('of a choice offers what there is, of any type', async () => {
    const shown = show(object({ a: { enum: ['one', 2, null] } }), { a: 'one' });
    await choose(screen.getByLabelText(/^a\b/), '2');
    expect(shown.value).toEqual({ a: 2 });
    await choose(screen.getByLabelText(/^a\b/), 'No value');
    expect(shown.value).toEqual({ a: null });
    await choose(screen.getByLabelText(/^a\b/), '—');
    expect(shown.value).toEqual({});
  });

  it('of what may be null can be that', async () => {
    const shown = show(object({ a: { type: ['string', 'null'] } }, ['a']), { a: 'x' });
    await fireEvent.click(screen.getByLabelText('No value'));
    expect(shown.value).toEqual({ a: null });
  });

  it('of a secret is hidden', () => {
    show(object({ a: { type: 'string', writeOnly: true } }), { a: 'x' });
    expect(screen.getByLabelText(/^a\b/)).toHaveProperty('type', 'password');
  });

  it('offers names that there are', () => {
    show(object({ a: { type: 'string', format: 'global' } }), {}, [], { global: ['deaths'] });
    expect(document.querySelector('datalist option')).toHaveProperty('value', 'deaths');
  });

  it('shows its problem, and is described by it', () => {
    show(object({ a: { type: 'string' }, b: { type: 'string' } }), {}, [{ path: '/b', text: 'Wrong.' }]);
    const field = screen.getByLabelText(/^b\b/);
    expect(field.getAttribute('aria-invalid')).toBe('true');
    expect(document.getElementById(field.getAttribute('aria-describedby') ?? '')?.textContent).toContain('Wrong.');
    expect(screen.getByLabelText(/^a\b/).getAttribute('aria-invalid')).toBeNull();
  });

  it('that nobody knows is not lost, and what is wrong there is shown', async () => {
    const shown = show(object({ a: { type: 'string' } }), { b: { c: 1 } }, [{ path: '/nowhere', text: 'Strange.' }]);
    await write(screen.getByLabelText(/^a/), 'x');
    expect(shown.value).toEqual({ a: 'x', b: { c: 1 } });
    expect(screen.getByText(/Strange/)).toBeTruthy();
  });

  it('of a value that does not fit shows that value as JSON', async () => {
    const shown = show(object({ a: { type: 'string' } }), { a: [1] });
    const field = screen.getByLabelText(/^a\b/);
    expect(field).toHaveProperty('value', '[\n  1\n]');
    await write(field, '"x"');
    expect(shown.value).toEqual({ a: 'x' });
  });

  it('that is read-only, or can be one thing only, is not shown and stays', async () => {
    const shown = show(object({ id: { type: 'string', readOnly: true }, type: { const: 't' }, a: { type: 'string' } }, ['type']), {
      id: '1',
      type: 't',
    });
    expect(screen.getAllByRole('textbox')).toHaveLength(1);
    await write(screen.getByLabelText(/^a\b/), 'x');
    expect(shown.value).toEqual({ id: '1', type: 't', a: 'x' });
  });

  it('of any value knows texts, numbers, flags and JSON', async () => {
    const shown = show(object({ a: {} }), {});
    const kind = screen.getByLabelText('Kind of a');
    await choose(kind, 'Text');
    await write(screen.getByLabelText(/^a/), '12');
    expect(shown.value).toEqual({ a: '12' });
    await choose(kind, 'Number');
    expect(shown.value).toEqual({ a: 12 });
    await choose(kind, 'JSON');
    await write(screen.getByLabelText(/^a/), '{"b": [}');
    expect(shown).toEqual({ value: { a: 12 }, broken: true });
    expect(screen.getByText('This is no JSON: line 1, column 8.')).toBeTruthy();
    await write(screen.getByLabelText(/^a/), '{"b": []}');
    expect(shown).toEqual({ value: { a: { b: [] } }, broken: false });
    await choose(kind, 'Not set');
    expect(shown.value).toEqual({});
  });
});

describe('fields with fields inside', () => {
  it('are absent until they are added, and go again', async () => {
    const shown = show(object({ a: { ...(object({ b: { type: 'number', default: 4 } }, ['b']) as object), title: 'Place' } }), {});
    await fireEvent.click(screen.getByRole('button', { name: 'Add: Place' }));
    expect(shown.value).toEqual({ a: { b: 4 } });
    expect(within(screen.getByRole('group', { name: /Place/ })).getByLabelText('b')).toBeTruthy();
    await fireEvent.click(screen.getByRole('button', { name: 'Remove Place' }));
    expect(shown.value).toEqual({});
  });

  it('of a list can be added, moved and removed', async () => {
    const shown = show(object({ a: { type: 'array', items: { type: 'string' } } }), {});
    await fireEvent.click(screen.getByRole('button', { name: 'Add: a' }));
    await write(screen.getByLabelText('Entry 1'), 'x');
    await fireEvent.click(screen.getByRole('button', { name: 'Add: a' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Move Entry 1 down' }));
    expect(shown.value).toEqual({ a: ['', 'x'] });
    await fireEvent.click(screen.getByRole('button', { name: 'Remove Entry 1' }));
    await fireEvent.click(screen.getByRole('button', { name: 'Remove Entry 1' }));
    expect(shown.value).toEqual({});
  });

  it('of any names can be named', async () => {
    const shown = show(object({ a: { type: 'object', additionalProperties: { type: 'number' } } }, ['a']), { a: { x: 1 } });
    await fireEvent.click(screen.getByRole('button', { name: 'Add' }));
    expect(shown.value).toEqual({ a: { x: 1, name: 0 } });
    await fireEvent.change(screen.getAllByLabelText('Name')[1] as HTMLElement, { target: { value: '__proto__' } });
    expect(shown.value).toEqual({ a: JSON.parse('{"x": 1, "__proto__": 0}') });
    await fireEvent.change(screen.getAllByLabelText('Name')[1] as HTMLElement, { target: { value: 'x' } });
    expect(Object.keys((shown.value as { a: object }).a)).toEqual(['x', '__proto__']);
    await fireEvent.click(screen.getByRole('button', { name: 'Remove __proto__' }));
    expect(shown.value).toEqual({ a: { x: 1 } });
  });

  it('of several alternatives follow the choice', async () => {
    const alternatives = [
      { ...(object({ kind: { const: 'at' }, hour: { type: 'integer', default: 9 } }, ['kind', 'hour']) as object), title: 'At a time' },
      { ...(object({ kind: { const: 'every' }, ms: { type: 'integer', default: 5 } }, ['kind', 'ms']) as object), title: 'Every so often' },
    ];
    const shown = show(object({ a: { oneOf: alternatives } }, ['a']), { a: { kind: 'every', ms: 7 } });
    expect(screen.getByLabelText('ms')).toHaveProperty('value', '7');
    await choose(screen.getByLabelText('Kind'), 'At a time');
    expect(shown.value).toEqual({ a: { kind: 'at', hour: 9 } });
    expect(screen.getByLabelText('hour')).toBeTruthy();
  });

  it('follow references, and a circle does no harm', async () => {
    const schema: Schema = {
      $ref: '#/$defs/node',
      $defs: { node: object({ name: { type: 'string' }, next: { $ref: '#/$defs/node' } }, ['name']), loop: { $ref: '#/$defs/loop' } },
    };
    const shown = show(schema, { name: 'a', next: { name: 'b' } });
    await write(screen.getAllByLabelText('name')[1] as HTMLElement, 'c');
    expect(shown.value).toEqual({ name: 'a', next: { name: 'c' } });
    expect(shapeOf({ $ref: '#/$defs/loop' }, schema).kind).toBe('value');
  });
});

describe('the field for JSON', () => {
  it('says what the schema finds wrong', async () => {
    vi.useFakeTimers();
    render(JsonField, { label: 'Data', value: { a: 'x' }, schema: object({ a: { type: 'number' } }) });
    await vi.advanceTimersByTimeAsync(300);
    vi.useRealTimers();
    expect((await screen.findByText('/a')).parentElement?.textContent).toContain('another kind than expected: number');
  });

  it('tidies up', async () => {
    render(JsonField, { label: 'Data', value: 1 });
    await write(screen.getByLabelText('Data'), '{"a":[]}');
    await fireEvent.click(screen.getByRole('button', { name: 'Tidy up' }));
    expect(screen.getByLabelText('Data')).toHaveProperty('value', '{\n  "a": []\n}');
  });

  it('lets Tab go on', async () => {
    render(JsonField, { label: 'Data', value: 1 });
    expect(await fireEvent.keyDown(screen.getByLabelText('Data'), { key: 'Tab' })).toBe(true);
  });
});

describe('the schemas of events', () => {
  it.each(Object.entries(catalogue as Record<string, { schema: Schema; sample: unknown }>))('%s make a form that changes nothing by itself', (_, event) => {
    const shown = show(event.schema, structuredClone(event.sample));
    expect(shown).toEqual({ value: event.sample, broken: false });
    for (const field of screen.queryAllByRole('textbox')) {
      const isNamed = field.hasAttribute('aria-label') || (field as HTMLInputElement).labels?.length;
      expect(isNamed, field.outerHTML).toBeTruthy();
    }
    expect(fits(event.schema, initial(event.schema, event.schema), event.schema)).toBeTypeOf('boolean');
  });
});
