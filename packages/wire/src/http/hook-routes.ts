/** The routes of the hooks group. */
import { DeleteHookRequest, RegisteredHook, RegisterHookRequest } from "@heddle/core";
import { Hooks, NoFields } from "../answers.ts";
import { httpMethod } from "./method.ts";
import { nothing } from "./route-parts.ts";

export const hooks = {
  list: httpMethod("GET /v1/hooks", {
    summary: "What is asked before calls and told after them, in the order in which it is asked.",
    request: NoFields,
    response: Hooks,
  }),
  register: httpMethod("POST /v1/hooks", {
    summary: "Registers a hook; again, it keeps its place. The secret is shown here and nowhere else.",
    request: RegisterHookRequest,
    response: RegisteredHook,
  }),
  delete: httpMethod("DELETE /v1/hooks/{id}", {
    summary: "Removes a hook.",
    request: DeleteHookRequest,
    ...nothing,
  }),
};
