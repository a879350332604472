/**
 * The white space of JSON texts. The text is never read and written anew: numbers beyond what JavaScript can hold,
 * escapes, and members of one name stay as whoever wrote them meant them.
 */

/** Strings, signs, and what is between them; white space falls out. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;

/** A JSON text on lines of its own, as people like to read it. `text` must be JSON. */
export function indent(text: string): string {
  const out: string[] = [];
  let depth = 0;
  let before = '';
  for (const [token] of text.matchAll(TOKENS)) {
    const isEnd = token === '}' || token === ']';
    const isBegun = before === '{' || before === '[';
    if (isEnd) depth -= 1;
    if (before === ',' || (isEnd ? !isBegun : isBegun)) out.push('\n', '  '.repeat(depth));
    else if (before === ':') out.push(' ');
    out.push(token);
    if (token === '{' || token === '[') depth += 1;
    before = token;
  }
  return out.join('');
}

/** The same JSON text without white space. */
export function compact(text: string): string {
  return (text.match(TOKENS) ?? []).join('');
}
