/** The hooks service. */
import { DeleteHookRequest, type HookView, RegisteredHook, RegisterHookRequest } from "@heddle/core";
import { Hooks, NoFields } from "./answers.ts";
import { type Hook, HooksServiceService, type HookTerms } from "./gen/heddle/hooks/v1/hooks.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { int, num } from "./scalars.ts";

/** Every method of `HooksApi`, by its name there. */
export const hooksWire = {
  list: wireMethod(HooksServiceService.listHooks, {
    request: NoFields,
    response: Hooks,
    toRequest: () => ({}),
    fromRequest: () => ({}),
    toResponse: ({ hooks }) => hooks.map(toHook),
    fromResponse: (views) => ({ hooks: views.map(fromHook) }),
  }),
  register: wireMethod(HooksServiceService.registerHook, {
    request: RegisterHookRequest,
    response: RegisteredHook,
    toRequest: ({ terms }) => (terms === undefined ? {} : toTerms(terms)),
    fromRequest: (request) => ({ terms: fromTerms(request) }),
    toResponse: ({ hook, secret }) => present({ hook: hook && toHook(hook), secret }),
    fromResponse: ({ hook, secret }) => ({ hook: fromHook(hook), secret }),
  }),
  delete: wireMethod(HooksServiceService.deleteHook, {
    request: DeleteHookRequest,
    toRequest: ({ id }) => ({ id }),
    fromRequest: ({ id }) => ({ id }),
    ...emptyAnswer,
  }),
};

/** A list without members is one that was left out: both mean all. */
function toTerms({ tools, nodes, ...terms }: HookTerms): object {
  return present({ ...terms, tools: tools.length === 0 ? undefined : tools, nodes: nodes.length === 0 ? undefined : nodes });
}

function fromTerms({ owner, name, phase, url, tools = [], nodes = [], failMode, timeoutMs }: RegisterHookRequest): HookTerms {
  return { owner, name, phase, url, tools: [...tools], nodes: [...nodes], failMode, timeoutMs };
}

function toHook({ id, terms, by, registeredAtMs }: Hook): unknown {
  return { id, ...(terms === undefined ? {} : toTerms(terms)), by, registeredAtMs: num(registeredAtMs) };
}

function fromHook(view: HookView): Hook {
  return { id: view.id, terms: fromTerms(view), by: view.by, registeredAtMs: int(view.registeredAtMs) };
}
