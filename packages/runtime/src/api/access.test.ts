// Who may call which method: the table, held against every method of a whole runtime.
// Parity: MI6.
import { defaultTenant, HeddleError, type MethodName, methodAccess, type Principal, type Role, type RuntimeApi } from "@heddle/core";
import { afterAll, describe, expect, test } from "vitest";
import { createRuntime } from "../create-runtime.ts";

const runtime = createRuntime();
afterAll(() => runtime.close({ graceMs: 0 }));

type Loose = Record<string, Record<string, (request: unknown, caller: unknown) => unknown>>;

const methods = Object.entries(runtime.api as unknown as Loose).flatMap(([group, members]) =>
  Object.keys(members).map((method) => ({ name: `${group}.${method}` as MethodName, group: group as keyof RuntimeApi, method })),
);

/** The code of what a call without sense rejects with; undefined where it is answered. */
async function codeOf(group: string, method: string, roles: readonly Role[]): Promise<string | undefined> {
  const principal = { subject: "ada", tenant: defaultTenant, roles: [...roles] } satisfies Principal;
  const call = (runtime.api as unknown as Loose)[group]?.[method];
  try {
    const answer = call?.({}, { principal, signal: AbortSignal.abort() });
    if (method === "follow") for await (const _ of answer as AsyncIterable<unknown>) break;
    else await answer;
    return undefined;
  } catch (error) {
    return HeddleError.is(error) ? error.code : "something else";
  }
}

describe("every method", () => {
  test("is in the table, and nothing else is", () => {
    expect(Object.keys(methodAccess).sort()).toEqual(methods.map(({ name }) => name).sort());
  });

  test.each(methods)("$name is refused to those alone who have none of its roles", async ({ name, group, method }) => {
    const { roles } = methodAccess[name];
    expect(await codeOf(group, method, [])).toBe("permission-denied");
    for (const role of ["operator", "engineer", "admin"] as const) {
      if (roles.includes(role)) expect(await codeOf(group, method, [role]), role).not.toBe("permission-denied");
      else expect(await codeOf(group, method, [role]), role).toBe("permission-denied");
    }
  });

  test("that gives away tokens or widens what may be reached is not for operators", () => {
    const withheld = methods.filter(({ name }) => !methodAccess[name].roles.includes("operator")).map(({ name }) => name);
    expect(withheld).toEqual(expect.arrayContaining(["grants.create", "grants.revoke", "tokens.create", "tokens.list", "tokens.revoke"]));
    for (const { name } of methods.filter(({ group }) => group === "tokens")) expect(methodAccess[name].roles).toEqual(["admin"]);
  });

  test("by which a yes is given asks the approver's rule besides", () => {
    const further = methods.filter(({ name }) => methodAccess[name].further !== undefined).map(({ name }) => name);
    expect(further).toEqual(["runs.answer", "approvals.approve"]);
  });
});
