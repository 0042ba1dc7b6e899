/**
 * What `@heddle/compiler/authoring` is in a bundle: as much as code that runs needs, and nothing of the compiler. A handler
 * is its function; what a workflow is made of is read where it was written, and is nothing here.
 */

/** Its id among the modules of a bundler. */
export const standInId = "\0heddle/authoring";

/** The names that the authoring module exports as values and that have no meaning while handlers run. */
export const inertNames: readonly string[] = [
  "add",
  "and",
  "at",
  "bound",
  "buildWorkflow",
  "coalesce",
  "cond",
  "contains",
  "div",
  "eq",
  "field",
  "gt",
  "gte",
  "isIn",
  "length",
  "lt",
  "lte",
  "mod",
  "model",
  "mul",
  "ne",
  "not",
  "or",
  "startsWith",
  "sub",
  "t",
  "text",
  "tool",
  "value",
  "workflow",
];

/** Waits, which only a workflow can do. */
export const waitNames: readonly string[] = ["approval", "ask", "signal", "sleep", "until"];

/** The names that are kept with their meaning, or with the part of it that code which runs can see. */
export const keptNames: readonly string[] = [
  "agent",
  "AuthoringError",
  "failure",
  "handler",
  "handlerOptionsOf",
  "isWorkflow",
  "WorkflowFailure",
];

/** The text of the module that stands in. Whatever of it is not used falls away. */
export function authoringStandIn(): string {
  return `const inert = /* @__PURE__ */ new Proxy(function () {}, {
  get: (_, name) => (name === "then" || typeof name === "symbol" ? undefined : inert),
  apply: () => inert,
  construct: () => inert,
});
const only = (name) => () => {
  throw new WorkflowFailure("request-invalid", name + " is a step of a workflow, and was called by code that runs");
};
export const handler = (options, fn) => fn;
export const agent = handler;
export class AuthoringError extends Error {}
export class WorkflowFailure extends Error {
  constructor(code, message) {
    super(message);
    this.name = "WorkflowFailure";
    this.code = code;
  }
}
export const failure = (code, message) => new WorkflowFailure(code, message);
export const handlerOptionsOf = () => undefined;
export const isWorkflow = () => false;
${waitNames.map((name) => `export const ${name} = /* @__PURE__ */ only(${JSON.stringify(name)});\n`).join("")}${inertNames.map((name) => `export const ${name} = inert;\n`).join("")}`;
}
