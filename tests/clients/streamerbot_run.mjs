// Runs one scenario in Node: `node streamerbot_run.mjs PACKAGE SCENARIO OPTIONS_JSON`. What it prints is JSON, one value a
// line: `{"ask": …}`, which is answered by a line on standard input, and `{"result": …}` at the end.

import readline from "node:readline";
import * as scenarios from "./streamerbot_scenarios.mjs";

// The older client logs to the console, whatever it is told.
console.log = console.debug = console.info = console.warn = () => undefined;

const [package_, scenario, options] = process.argv.slice(2);
const { StreamerbotClient } = await import(package_);
const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const tell = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);
const ask = async (what, argument = null) => {
  tell({ ask: [what, argument] });
  return JSON.parse((await answers.next()).value);
};
const result = await scenarios[scenario](StreamerbotClient, JSON.parse(options), ask);
process.stdout.write(`${JSON.stringify({ result })}\n`, () => process.exit(0));
