// Who may import whom, as data. The map of the architecture tells the same story in prose; this is the version that bites.
//
// A package that is not listed may not exist under packages/, apps/ or plugins/. `ours` are the @heddle packages (with
// the subpath, when only a subpath may be used) that its sources may import; `types` those of which it may import types
// only; `external` the third-party packages, where the list is closed. Where `external` is left out, anything that the
// package declares may be used. `node: false` means: no Node built-in, the code also runs in a browser.
// `testsMay` adds to `ours` for test files. Everything is relative to the repository; `*` stands for one path segment's
// part, `**` for any number of segments.

export const packageRules = {
  "packages/core": { ours: [], external: ["zod", "@noble/hashes"], node: false },
  "packages/ports": { ours: ["core"], external: [] },
  "packages/compiler": { ours: ["core"] },
  "packages/runtime": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "packages/testkit": { ours: ["core", "ports", "runtime"] },
  "packages/tools": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "packages/models": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "packages/mcp": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "packages/remote": { ours: ["core", "ports", "wire"], testsMay: ["node-server", "testkit"] },
  "packages/plugin-sdk": { ours: ["core", "wire"], types: ["ports"], testsMay: ["testkit"] },
  "packages/node-server": { ours: ["core"] },
  "packages/wire": { ours: ["core"] },
  "packages/client": { ours: ["core", "wire"] },
  "packages/store-*": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "packages/bus-*": { ours: ["core", "ports"], testsMay: ["testkit"] },
  "apps/cli": { ours: ["core", "compiler", "client", "testkit/simulator", "daemon"] },
  "apps/console": { ours: ["core", "client/http"], node: false },
  "apps/daemon": { ours: ["*"], testsMay: ["*"] },
  "plugins/*": { ours: ["core", "plugin-sdk"] },
};

/** Whose root may be imported by whom only; a package not named here is open to those whose `ours` lists it. */
export const importedOnlyBy = {
  daemon: ["apps/cli", "examples/*", "tests/*", "benchmarks"],
};

/**
 * Rules about paths. `in` are the files that a rule speaks of (minus `except`), not their tests. Either `only`: every
 * import must match one of these; or `never`: no import may match one of these. An import of our own file is given by
 * its path, one of another package by its name, a built-in by `node:...`.
 */
export const pathRules = [
  {
    name: "the machine imports core and itself alone",
    in: ["packages/runtime/src/machine/**"],
    only: ["@heddle/core", "packages/runtime/src/machine/**"],
  },
  {
    name: "judging is pure: core, the machine and other judging parts alone",
    in: ["packages/runtime/src/gate/{screen,judge}*.ts", "packages/runtime/src/gate/{screen,judge}/**"],
    only: ["@heddle/core", "packages/runtime/src/gate/{screen,judge}*.ts", "packages/runtime/src/gate/{screen,judge}/**"],
  },
  {
    name: "executors are reached through the gate alone",
    in: ["packages/runtime/src/**"],
    except: [
      "packages/runtime/src/gate/**",
      "packages/runtime/src/executors/**",
      "packages/runtime/src/create-runtime.ts",
      "packages/runtime/src/tool-parts.ts",
      "packages/runtime/src/index.ts",
      // Programs that the gate starts are ended as those of the executors are.
      "packages/runtime/src/guards/commands/run-program.ts",
    ],
    never: ["packages/runtime/src/executors/**"],
  },
  {
    name: "the tools subpath alone re-exports tools",
    in: ["packages/runtime/src/**"],
    except: ["packages/runtime/src/tools.ts"],
    never: ["@heddle/tools", "@heddle/tools/**"],
  },
  {
    name: "the compiler reads no files outside its host",
    in: ["packages/compiler/src/**"],
    except: ["packages/compiler/src/host/**"],
    never: [
      "node:fs",
      "node:fs/**",
      "node:child_process",
      "node:net",
      "node:http",
      "node:https",
      "node:worker_threads",
      "node:process",
      "node:os",
      "node:timers",
      "node:timers/**",
    ],
  },
  {
    name: "the pure parts of the compiler do not know their host",
    in: [
      "packages/compiler/src/frontends/**",
      "packages/compiler/src/checks/**",
      "packages/compiler/src/backends/**",
      "packages/compiler/src/authoring/**",
    ],
    never: ["packages/compiler/src/host/**"],
  },
  {
    name: "generated code is imported by wire alone",
    in: ["**"],
    except: ["packages/wire/**"],
    never: ["packages/wire/src/gen/**", "@heddle/wire/src/**", "@heddle/wire/dist/**"],
  },
];

/** Entries that must load in a browser: nothing they reach inside their package may be a built-in or gRPC. */
export const browserEntries = [
  "packages/core/src/index.ts",
  "packages/client/src/http.ts",
  "packages/client/src/http/index.ts",
  "packages/wire/src/http/index.ts",
];
export const notInBrowsers = ["node:", "@grpc/"];

/** Where nothing may wait, look at a clock, roll dice or speak. Tests excepted. */
export const pureParts = [
  { in: ["packages/runtime/src/machine/**"], strictDates: true },
  {
    in: ["packages/runtime/src/gate/{screen,judge}*.ts", "packages/runtime/src/gate/{screen,judge}/**"],
    strictDates: true,
  },
  // Core formats times that it is given, so it may wrap a number in a Date; it may not ask what time it is.
  { in: ["packages/core/src/**"], strictDates: false },
];

export const limits = {
  linesPerFile: 400,
  linesPerTestFile: 600,
  linesPerDaemonFile: 200,
  linesWithoutHeader: 40,
};

/** Calm numbers: reported, not enforced. */
export const calm = { medianLines: 110, p95Lines: 350, castsPerThousandLines: 3 };
