// Counts down to what a global variable says: a number of seconds from when it was written, a time of day such as
// "20:30", or a date with a time such as "2026-12-31T23:59:00+01:00". Nothing is seen while there is no such variable.
"use strict";

const countdown = document.getElementById("countdown");
const left = document.getElementById("left");
const variable = options.get("name") || "countdown";
let endsAtMs = NaN;

document.getElementById("text").textContent = options.get("text") ?? "Starting in";
document.body.style.fontSize = `${numberOption("size", 72, 8, 400)}px`;

let read = () => undefined;

connect({
  events: { Misc: ["GlobalVariableCreated", "GlobalVariableUpdated", "GlobalVariableDeleted"] },
  onEvent(_, data) {
    if (data.name === variable) void read();
  },
  async onReady(ask) {
    read = async () => {
      const answer = await ask("GetGlobal", { variable, persisted: true });
      if (answer.error === "Not permitted") showStatus(`The overlay key does not let it see the variable ${variable}.`);
      const found = answer.status === "ok" ? answer.variables?.[variable] : undefined;
      endsAtMs = found ? endOf(found.value, found.lastWrite) : NaN;
      show();
    };
    await read();
  },
});

setInterval(show, 200);

/** When a value says that the time is over, in milliseconds since 1970; NaN when it says nothing. */
function endOf(value, writtenAt) {
  const text = String(value).trim();
  if (/^\d+(\.\d+)?$/.test(text)) return Date.parse(writtenAt) + Number(text) * 1000;
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(text) ?? [];
  if (hours === undefined) return Date.parse(text);
  // The next such time after it was written.
  const end = new Date(writtenAt);
  end.setHours(Number(hours), Number(minutes), 0, 0);
  if (end.getTime() <= Date.parse(writtenAt)) end.setDate(end.getDate() + 1);
  return end.getTime();
}

function show() {
  countdown.hidden = Number.isNaN(endsAtMs);
  if (countdown.hidden) return;
  const seconds = Math.max(0, Math.ceil((endsAtMs - Date.now()) / 1000));
  const text = seconds === 0 ? options.get("done") || "0:00" : clock(seconds);
  if (left.textContent !== text) left.textContent = text;
}

function clock(seconds) {
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
