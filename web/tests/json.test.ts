import { describe, expect, it } from 'vitest';
import { readText, writeText } from '../src/ui/json';

describe('a JSON text', () => {
  it.each([
    ['', 1, 1],
    ['{"a": 1,}', 1, 9],
    ['{"a": 1\n "b": 2}', 2, 2],
    ['[1, 2', 1, 6],
    ['[1, tru]', 1, 5],
    ['{"a": [}', 1, 8],
    ['{a: 1}', 1, 2],
    ['"never ended', 1, 13],
    ['"a\nb"', 1, 3],
    ['"\\x"', 1, 2],
    ['01', 1, 2],
    ['1 2', 1, 3],
    ['{"a" 1}', 1, 6],
    ['[[[]]', 1, 6],
    ['{}]', 1, 3],
  ])('%j has its fault at line %i, column %i', (text, line, column) => {
    expect(readText(text)).toEqual({ fault: { line, column } });
  });

  it('is read when there is nothing wrong with it', () => {
    expect(readText(' {"a": [1, {"b": null}, "\\u00e9"], "c": {}} ')).toEqual({ value: { a: [1, { b: null }, 'é'], c: {} } });
  });

  it('has a fault wherever one character of a good one is taken away, and no error is thrown', () => {
    const text = writeText({ name: 'x"y\\', list: [1, -2.5e3, true, null, { deep: [[]] }] });
    for (let at = 0; at < text.length; at += 1) {
      const cut = text.slice(0, at) + text.slice(at + 1);
      const { fault } = readText(cut);
      if (fault === undefined) expect(() => JSON.parse(cut)).not.toThrow();
      else expect(fault.line).toBeLessThanOrEqual(cut.split('\n').length);
    }
  });

  it('may be nested without end', () => {
    expect(readText('['.repeat(200_000))).toEqual({ fault: { line: 1, column: 200_001 } });
  });
});
