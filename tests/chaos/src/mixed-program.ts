/** The program of the mixed workflow: `node mixed-program.ts <step>`. */
import { readFileSync } from "node:fs";
import { act, type Given } from "./mixed-act.ts";

const [step = ""] = process.argv.slice(2);
const given = JSON.parse(readFileSync(process.env["MN_INPUT_FILE"] ?? "", "utf8")) as Given;
const key = process.env["MN_IDEMPOTENCY_KEY"] ?? "";
const attempt = Number(process.env["MN_ATTEMPT_ID"]?.split("/").at(-1));
process.stdout.write(JSON.stringify({ value: await act(given, { place: "programs", step, key, attempt }) }));
