// Runs one scenario in Node: `node run.mjs NAME URL OPTIONS_JSON`; prints its result as JSON on the last line.
// For a restart it prints "restart" and waits for a line on standard input.

import readline from "node:readline";
import { Kilovolt } from "@strimertul/kilovolt-client";
import WebSocket from "ws";
import { everyCommand, throughARestart } from "./scenario.mjs";

globalThis.WebSocket ??= WebSocket;
console.info = console.warn = () => undefined;

const [name, url, options] = process.argv.slice(2);
const input = readline.createInterface({ input: process.stdin });
const restart = () =>
  new Promise((resolve) => {
    input.once("line", resolve);
    console.log("restart");
  });

const run = { everyCommand, throughARestart }[name];
const result = await run(Kilovolt, url, JSON.parse(options), restart);
console.log(JSON.stringify(result));
process.exit(0);
