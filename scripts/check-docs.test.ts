import { describe, expect, it } from "vitest";
import { errorDocFaults } from "./check-docs.mjs";

const registry = { "run-not-found": { category: "not-found", retry: "never", grpc: 5, http: 404 } };
const section = `# Errors

## How to read this

## run-not-found

- category: not-found
- retry: never
- grpc: 5 NOT_FOUND
- http: 404

There is no such run.
`;

describe("the document of errors", () => {
  it("passes when it says what the registry says", () => {
    expect(errorDocFaults(section, registry)).toEqual([]);
  });

  it("fails on a code that is not documented", () => {
    const wider = { ...registry, "run-ended": { category: "conflict", retry: "never", grpc: 9, http: 409 } };
    expect(errorDocFaults(section, wider)).toEqual(["run-ended: in the registry, but not documented"]);
  });

  it("fails on a code that does not exist", () => {
    expect(errorDocFaults(section, {})).toEqual(["run-not-found: documented, but not in the registry"]);
  });

  it("fails on a wrong and on a missing fact", () => {
    const wrong = section.replace("http: 404", "http: 410").replace("- retry: never\n", "");
    expect(errorDocFaults(wrong, registry)).toEqual([
      "run-not-found: does not state its retry",
      "run-not-found: http is 404 in the registry, 410 in the document",
    ]);
  });

  it("fails on a code without an explanation, and on one with two sections", () => {
    const bare = section.replace("There is no such run.\n", "");
    expect(errorDocFaults(bare, registry)).toEqual(["run-not-found: has no explanation"]);
    expect(errorDocFaults(section + section, registry)).toEqual(["run-not-found: has two sections"]);
  });
});
