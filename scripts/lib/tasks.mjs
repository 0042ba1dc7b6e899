// What each npm script does, once the dependencies are there. A task is a list of commands that run one after another
// until one fails; arguments of the caller go to the last. `node` is the Node 24 of the repository.

const build = ["turbo", "run", "build", "--output-logs=errors-only"];

/** @type {Record<string, string[][]>} */
export const tasks = {
  build: [build],
  test: [["node", "scripts/test.mjs"]],
  "test:quick": [["node", "scripts/test.mjs", "--quick"]],
  "test:system": [["node", "scripts/test.mjs", "--system"]],
  "test:long": [build, ["node", "scripts/test-long.mjs"]],
  chaos: [build, ["node", "tests/chaos/src/mixed-main.ts"], ["node", "tests/chaos/src/main.ts"]],
  bench: [build, ["node", "benchmarks/src/main.ts"]],
  demo: [build, ["node", "scripts/demo.mjs"]],
  lint: [["biome", "check"]],
  format: [["biome", "check", "--write"]],
  tidy: [["node", "scripts/tidy/main.mjs"]],
  typecheck: [build, ["tsc", "-p", "tsconfig.tests.json"]],
  docs: [build, ["node", "scripts/check-parity.mjs"], ["node", "scripts/check-docs.mjs"]],
  packed: [build, ["node", "tests/packed/src/main.mjs"]],
  proto: [["node", "scripts/proto.mjs", "generate"]],
  "proto:lint": [["node", "scripts/proto.mjs", "lint"]],
  "proto:check": [["node", "scripts/proto.mjs", "check"]],
  "release:dry": [build, ["node", "scripts/release-dry.mjs"]],
};
