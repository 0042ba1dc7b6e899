/** What a manifest says about the job as a whole: version, names, type, and the smaller parts. */
import { isJsonObject, type JsonObject, type JsonValue } from "@heddle/core";
import type * as z from "zod";
import { Deployment, InputRules, Parameterized, Reload, Requirements } from "./job-shapes.ts";
import { jsonPath, member, shown } from "./json-access.ts";
import type { ProblemList } from "./problem-list.ts";
import { anyObject, dotted, flag, hold, text } from "./shapes.ts";

export const manifestVersion = "1.0";

export function checkJob(manifest: JsonObject, problems: ProblemList): void {
  checkVersion(manifest, problems);
  checkGraphId(manifest, problems);
  const type = member(manifest, "type");
  if (type !== undefined && type !== "service") problems.error("type", "type must be service or omitted for batch", `It is ${shown(type)}`);
  const daemon = member(manifest, "daemon");
  if (daemon !== undefined && typeof daemon !== "boolean")
    problems.error("daemon", "daemon must be a boolean", 'Write "type": "service" instead: daemon is its earlier name');
  const context = member(manifest, "requiredContextEngine");
  if (context !== undefined && typeof context !== "boolean")
    problems.error("requiredContextEngine", "requiredContextEngine must be a boolean", "Write true or false");
  for (const [key, shape, help] of parts) {
    const value = member(manifest, key);
    if (value !== undefined) hold(problems, shape, value, { path: key, subject: dotted(key), help });
  }
  checkInputRules(member(manifest, "input_validation"), problems);
}

const parts: readonly (readonly [string, z.ZodType, string])[] = [
  ["job_name", text, "A name for people; by default the graph_id"],
  ["description", text, "A text, or nothing"],
  ["requirements", Requirements, "Requirements are {cpu: {min_cores}, memory: {min_gb}, disk: {min_gb}, gpu: {min_count}}"],
  ["deployment", Deployment, "A deployment has a key, and perhaps a tag"],
  ["parameterized", Parameterized, "It lists meta_required and meta_optional"],
  ["reload", Reload, 'It is {"mode": "manual", "interval_seconds": 60}'],
  ["metadata", anyObject, "Metadata is an object; what is in it is free"],
  ["require_config", flag, "Write true or false"],
];

function checkVersion(manifest: JsonObject, problems: ProblemList): void {
  const version = member(manifest, "manifest_version");
  if (version === undefined || version === "") {
    const later = ["apiVersion", "flow", "workflow"].find((key) => member(manifest, key) !== undefined);
    const help =
      later === undefined
        ? 'Write "manifest_version": "1.0"'
        : `The member ${later} belongs to a later format, which is not read here; write a manifest of version 1.0`;
    problems.error("manifest_version", "manifest_version is required", help);
  } else if (version !== manifestVersion) {
    problems.error("manifest_version", `unsupported manifest_version ${shown(version)}`, 'Write "manifest_version": "1.0", as a text');
  }
}

function checkGraphId(manifest: JsonObject, problems: ProblemList): void {
  const id = member(manifest, "graph_id");
  if (id === undefined || id === "") problems.error("graph_id", "graph_id is required", "Name the job, as a text");
  else if (typeof id !== "string") problems.error("graph_id", "graph_id must be a string", `It is ${shown(id)}`);
}

function checkInputRules(value: JsonValue | undefined, problems: ProblemList): void {
  const help = 'Write "input_validation": {"rules": [{"name": …, "type": …}]}';
  if (value === undefined) return;
  if (!isJsonObject(value)) {
    problems.error("input_validation", "input_validation must be an object", help);
    return;
  }
  const rules = member(value, "rules");
  const path = jsonPath("input_validation", "rules");
  if (rules !== undefined) hold(problems, InputRules, rules, { path, subject: dotted("input_validation.rules"), help });
}
