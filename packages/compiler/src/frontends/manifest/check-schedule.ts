/** When a job starts by itself: its schedule and its triggers. */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import { Schedule, Trigger } from "./job-shapes.ts";
import { jsonPath, listAt, member, objectAt, shown, textAt } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import { dotted, hold } from "./shapes.ts";

export const scheduleKinds: readonly string[] = ["periodic", "delayed", "event", "resource_wait"];

/** The kind that is written, or the one that the other fields imply. */
export function scheduleKind(schedule: JsonObject): string {
  const kind = textAt(schedule, "kind");
  if (kind !== undefined) return kind;
  if (member(schedule, "auto_schedule") !== undefined) return "resource_wait";
  if (member(schedule, "event_type") !== undefined || member(schedule, "trigger") !== undefined) return "event";
  if (member(schedule, "run_at") !== undefined || member(schedule, "delay_ms") !== undefined) return "delayed";
  return "periodic";
}

export function checkSchedule(manifest: JsonObject, problems: ProblemList): void {
  const schedule = member(manifest, "schedule");
  if (schedule === undefined) return;
  const help = "docs/manifests.md lists the fields of a schedule";
  hold(problems, Schedule, schedule, { path: "schedule", subject: dotted("schedule"), help });
  if (!isJsonObject(schedule)) return;
  const kind = scheduleKind(schedule);
  if (!scheduleKinds.includes(kind))
    problems.error("schedule.kind", "schedule.kind must be periodic, delayed, or event", `It is ${shown(kind)}; it may also be left out`);
  if (kind === "periodic") checkCrons(schedule, problems);
  if (kind === "delayed" && !isMoment(member(schedule, "run_at")) && member(schedule, "delay_ms") === undefined)
    problems.error(
      "schedule",
      "delayed schedules require a valid run_at or delay_ms",
      'Write run_at as "2030-01-31T08:00:00Z", or delay_ms',
    );
  if (kind === "event" && eventTypeOf(schedule) === undefined)
    problems.error("schedule", "event schedules require trigger.event_type", 'Write "trigger": {"event_type": "file_uploaded"}');
  checkTimeZone(schedule, problems);
}

function checkCrons(schedule: JsonObject, problems: ProblemList): void {
  const one = member(schedule, "cron");
  const many = member(schedule, "crons");
  const given: readonly (readonly [string, JsonValue])[] = [
    ...(one === undefined ? [] : [["schedule.cron", one] as const]),
    ...(Array.isArray(many) ? many.map((cron: JsonValue, i) => [jsonPath("schedule.crons", i), cron] as const) : []),
  ];
  if (many !== undefined && !Array.isArray(many)) problems.error("schedule.crons", "schedule.crons must be a list", "Or write one as cron");
  else if (given.length === 0) problems.error("schedule", "periodic schedules require cron or crons", 'Write "cron": "0 6 * * 1-5"');
  for (const [path, cron] of given) {
    if (typeof cron === "string" && isCron(cron)) continue;
    const help =
      "Five fields: minute, hour, day of the month, month, day of the week (0-7); or @hourly, @daily, @weekly, @monthly, @yearly";
    problems.error(path, `invalid cron expression ${shown(cron)}`, help);
  }
}

const cronNames = ["@hourly", "@daily", "@weekly", "@monthly", "@yearly", "@annually"];
const cronRanges = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 7],
] as const;

/** Whether a text is a cron expression, without asking when it fires. */
export function isCron(cron: string): boolean {
  const text = cron.trim();
  if (cronNames.includes(text)) return true;
  const fields = text.split(/\s+/);
  return (
    fields.length === 5 && cronRanges.every(([min, max], i) => (fields[i] ?? "").split(",").every((part) => isCronPart(part, min, max)))
  );
}

function isCronPart(part: string, min: number, max: number): boolean {
  const [, from, to, step] = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? ["", "-1"];
  if (step !== undefined && Number(step) < 1) return false;
  const low = from === undefined ? min : Number(from);
  const high = to === undefined ? low : Number(to);
  return low >= min && high <= max && low <= high;
}

function isMoment(value: JsonValue | undefined): boolean {
  if (typeof value === "number") return value >= 0;
  return typeof value === "string" && /^\d{4}-\d{2}-\d{2}/.test(value) && Number.isFinite(Date.parse(value));
}

function eventTypeOf(holder: JsonObject): string | undefined {
  return textAt(objectAt(holder, "trigger") ?? {}, "event_type") ?? textAt(holder, "event_type");
}

function checkTimeZone(schedule: JsonObject, problems: ProblemList): void {
  const zone = textAt(schedule, "timezone");
  if (zone === undefined || isTimeZone(zone)) return;
  problems.error("schedule.timezone", `unknown timezone ${shown(zone)}`, 'Write a name like "Europe/Berlin" or "Etc/UTC"');
}

function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

export function checkTriggers(manifest: JsonObject, problems: ProblemList): void {
  const triggers = member(manifest, "triggers");
  const help = 'A trigger is {"event_type": "file_uploaded", "filters": {…}, "payload": {…}}';
  if (triggers === undefined) return;
  if (!Array.isArray(triggers)) {
    problems.error("triggers", "triggers must be a list", help);
    return;
  }
  for (const [index] of triggers.entries()) {
    const trigger = listAt(manifest, "triggers")?.[index];
    const path = jsonPath("triggers", index);
    hold(problems, Trigger, trigger, { path, subject: dotted(`triggers.${index}`), help });
    if (isJsonObject(trigger) && member(trigger, "event_type") === undefined && eventTypeOf(trigger) === undefined)
      problems.error(jsonPath(path, "event_type"), `triggers.${index}.event_type is required`, help);
  }
}
