// Mutation run over the deciding parts of the gate: `node scripts/mutate-gate.mjs [options] [file ...]`.
//
// Each mutant of the named files (without names: all of the judge and the screen) is run against the tests, with a time
// limit. Sources are never written: the mutant exists in the test process alone. A mutant that
// every test lets live is a survivor; a survivor that docs explain is listed in a table of `File`, `Mutant` and `Why`.
//   --project <folder>    whose tests are run, and below which the files are (packages/runtime)
//   --tests <a,b>         test files, relative to the project; globs (those of the gate)
//   --slow <a,b>          test files that are run where the first ones let a mutant live
//   --survivors <file>    the table of explained survivors (packages/runtime/src/gate/survivors.md)
//   --jobs <n>            mutants at the same time (2)
//   --timeout <seconds>   of one mutant; one that takes longer is killed, and counts as found (60)
//   --only <file>         only mutants whose text is part of a line of that file: those of an earlier run
// Ends with 1 where a survivor is not explained, or an explained mutant does not survive any more.
import { fork } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readTables } from "./lib/markdown-table.mjs";
import { mutantsOf, showMutant } from "./lib/mutants.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const gate = "packages/runtime/src/gate";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    project: { type: "string", default: "packages/runtime" },
    tests: { type: "string", default: "src/gate/judge/{judge,conditions,faults,grants,show-call}.test.ts,src/gate/screen/*.test.ts" },
    slow: { type: "string", default: "src/gate/judge/laws.test.ts" },
    survivors: { type: "string", default: `${gate}/survivors.md` },
    jobs: { type: "string", default: "2" },
    timeout: { type: "string", default: "60" },
    only: { type: "string" },
  },
});

const project = resolve(root, values.project);
const whole = positionals.length === 0 && values.only === undefined;
const files = (positionals.length > 0 ? positionals : globSync([`${gate}/judge/*.ts`, `${gate}/screen/*.ts`], { cwd: root }))
  .filter((file) => !file.endsWith(".test.ts"))
  .sort();

/** Splits at commas outside braces: globs have commas of their own. */
function patterns(text) {
  return text.split(/,(?![^{]*\})/).filter((each) => each !== "");
}

const stages = [values.tests, values.slow].map(patterns).filter((stage) => stage.length > 0);

/** A process that runs the tests against one mutant after the other; one that hangs is ended, and another one started. */
class Server {
  #child;

  async lives(mutant) {
    if (this.#child === undefined) {
      this.#child = fork(join(root, "scripts/lib/mutant-server.mjs"), { detached: true, stdio: "ignore" });
      await this.#ask({ project, stages });
    }
    const { file, start, end, text } = mutant;
    return (await this.#ask({ file, start, end, text }))?.lives ?? false;
  }

  /** Undefined where no answer came in time, or the process ended. */
  #ask(message) {
    const child = this.#child;
    return new Promise((done) => {
      const timer = setTimeout(() => {
        this.close();
        done(undefined);
      }, Number(values.timeout) * 1_000);
      const ended = () => {
        clearTimeout(timer);
        if (this.#child === child) this.#child = undefined;
        done(undefined);
      };
      child.once("exit", ended);
      child.once("message", (answer) => {
        clearTimeout(timer);
        child.off("exit", ended);
        done(answer);
      });
      child.send(message);
    });
  }

  /** Lets the process clear up after itself. */
  leave() {
    this.#child?.disconnect();
    this.#child?.unref();
  }

  close() {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined) return;
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

const servers = Array.from({ length: Math.max(1, Number(values.jobs)) }, () => new Server());
const [first] = servers;
try {
  if (!(await first.lives({ file: "", start: 0, end: 0, text: "" })))
    throw new RangeError("the tests fail without any mutant: mend them first");
  // A file whose ruin nobody notices is not loaded by the tests: nothing that they say about its mutants would count.
  for (const file of files) {
    const ruined = { file: join(root, file), start: 0, end: 0, text: 'throw new RangeError("ruined");\n' };
    if (await first.lives(ruined)) throw new RangeError(`the tests do not load ${file}`);
  }
  const mutants = files.flatMap((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return mutantsOf(file, source).map((mutant) => ({ ...mutant, name: file, file: join(root, file) }));
  });
  const only = values.only === undefined ? undefined : readFileSync(values.only, "utf8").split("\n");
  const wanted = mutants.filter((mutant) => only === undefined || only.some((line) => line.includes(showMutant(mutant))));
  process.stdout.write(`${wanted.length} mutants of ${files.length} files\n`);
  process.exitCode = report(wanted, await runAll(wanted));
} finally {
  for (const server of servers) server.leave();
}

async function runAll(mutants) {
  const survivors = [];
  let next = 0;
  const work = async (server) => {
    for (let at = next++; at < mutants.length; at = next++) {
      const mutant = mutants[at];
      if (!(await server.lives(mutant))) continue;
      survivors.push(mutant);
      process.stdout.write(`${at + 1}: lives: ${mutant.name}:${mutant.line}  ${showMutant(mutant)}\n`);
    }
  };
  await Promise.all(servers.map(work));
  return survivors;
}

function report(mutants, survivors) {
  const faults = [];
  const rows = readTables(readFileSync(join(root, values.survivors), "utf8"), ["File", "Mutant", "Why"], (fault) => faults.push(fault));
  const keyOf = (file, mutant) => `${file} ${mutant.replace(/^`+ ?| ?`+$/g, "")}`;
  const explained = new Map(rows.map((row) => [keyOf(row.File.replaceAll("`", ""), row.Mutant), row]));
  const living = new Set(survivors.map((mutant) => keyOf(mutant.name.slice(gate.length + 1), showMutant(mutant))));
  for (const key of living) if (!explained.has(key)) faults.push(`not explained: ${key}`);
  for (const key of explained.keys()) if (whole && !living.has(key)) faults.push(`explained, but does not live: ${key}`);
  process.stdout.write(`${mutants.length - survivors.length} found, ${survivors.length} live, ${explained.size} explained\n`);
  for (const fault of faults) process.stdout.write(`${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}
