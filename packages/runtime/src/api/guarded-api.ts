/** The API as callers get it: each method waits until the runtime is open, and is for those roles alone that may call it. */
import { type Caller, HeddleError, type MethodName, type RuntimeApi, refuseMethod } from "@heddle/core";

type Method = (request: unknown, caller: Caller) => unknown;

/** Every method of the API. A caller without one of the method's roles gets `permission-denied`, whatever is asked for. */
export function guardedApi(opened: Promise<void>, api: RuntimeApi): RuntimeApi {
  const guardGroup = (group: string, methods: object): object =>
    Object.fromEntries(
      Object.entries(methods as Record<string, Method>).map(([name, method]) => [name, guardMethod(`${group}.${name}`, method, opened)]),
    );
  return Object.fromEntries(
    Object.entries(api).map(([group, methods]) => [group, guardGroup(group, methods as object)]),
  ) as unknown as RuntimeApi;
}

function guardMethod(name: string, method: Method, opened: Promise<void>): Method {
  if (name.endsWith(".follow")) {
    return async function* (request, caller) {
      assertRole(name, caller);
      await opened;
      yield* method(request, caller) as AsyncIterable<unknown>;
    };
  }
  return async (request, caller) => {
    assertRole(name, caller);
    await opened;
    return method(request, caller);
  };
}

function assertRole(name: string, { principal }: Caller): void {
  const refusal = refuseMethod(name as MethodName, principal.roles);
  if (refusal !== undefined) throw new HeddleError("permission-denied", refusal, { details: { method: name } });
}
