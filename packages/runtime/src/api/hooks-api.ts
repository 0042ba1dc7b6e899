/** The hooks group of RuntimeApi. */
import { HeddleError, type HooksApi, RegisterHookRequest } from "@heddle/core";
import type { Hooks } from "../hooks/hooks.ts";

export function createHooksApi(hooks: Hooks): HooksApi {
  return {
    list: (_, { principal }) => Promise.resolve(hooks.list(principal.tenant)),
    register: async (request, { principal }) => hooks.register(wellFormed(request), principal.subject, principal.tenant),
    delete: ({ id }, { principal }) => hooks.delete(id, principal.subject, principal.tenant),
  };
}

/** A program that embeds the runtime may ask for anything, and what is kept here is read again for ever. */
function wellFormed(request: RegisterHookRequest): RegisterHookRequest {
  const parsed = RegisterHookRequest.safeParse(request);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new HeddleError("hook-invalid", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "it cannot be read"}`);
}
