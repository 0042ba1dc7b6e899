/**
 * Workflows that are classes: `@workflow.defn(options)` before a class whose fields hold classes of agents, and whose
 * one method with `@workflow.run` is the body. The class is read, never made; a class of agents is made where it runs.
 */
import type { CallExpression, Class, ClassElement, Decorator, Node } from "oxc-parser";
import { isFunctionNode, walk } from "./ast.ts";
import { type Reader, report, sourceOf, type Words } from "./context.ts";
import { type DeclaredWorkflow, readAgent, readWorkflowOptions, type Step } from "./declarations.ts";
import { authoringName, type Found, type FunctionLike, resolveName, type SourceModule } from "./module.ts";

type Method = Extract<ClassElement, { type: "MethodDefinition" | "TSAbstractMethodDefinition" }>;

/** The decorator of the authoring module before a class or a member: its name there, and its call. */
function decoratedBy(module: SourceModule, decorators: readonly Decorator[], name: string): Decorator | undefined {
  return decorators.find(
    ({ expression }) => authoringName(module, expression.type === "CallExpression" ? expression.callee : expression) === name,
  );
}

export function isWorkflowClass(module: SourceModule, node: Class): boolean {
  return decoratedBy(module, node.decorators, "workflow.defn") !== undefined;
}

/** The workflow that a class declares; undefined, with diagnostics, where it cannot be read. */
export function readWorkflowClass(reader: Reader, module: SourceModule, local: string, node: Class): DeclaredWorkflow | undefined {
  const decorator = decoratedBy(module, node.decorators, "workflow.defn");
  if (decorator === undefined) return undefined;
  const call = callOf(reader, module, decorator, '@workflow.defn({ name: "…" })');
  const declared = call === undefined ? undefined : readWorkflowOptions(reader, module, call);
  const sound = inheritsNothing(reader, module, node);
  const members = readMembers(reader, module, node);
  if (declared === undefined || members === undefined || !sound) return undefined;
  const { fn, fields } = members;
  return { module, local, node, head: decorator, ...declared, fn, fields };
}

function callOf(reader: Reader, module: SourceModule, decorator: Decorator, form: string): CallExpression | undefined {
  if (decorator.expression.type === "CallExpression") return decorator.expression;
  report(reader, module, "HD3503", decorator, {
    message: `\`${sourceOf(module, decorator)}\` says nothing`,
    reason: "This decorator is given options.",
    help: `write \`${form}\``,
  });
  return undefined;
}

function inheritsNothing(reader: Reader, module: SourceModule, node: Class): boolean {
  if (node.superClass === null) return true;
  report(reader, module, "HD3502", node.superClass, {
    message: `${nameOfClass(node)} inherits from \`${sourceOf(module, node.superClass)}\``,
    reason: "What a class of a workflow consists of is read from the class itself.",
    help: "put what is shared into functions, or give each class what it needs",
  });
  return false;
}

function nameOfClass(node: Class): string {
  return node.id === null ? "this class" : `class \`${node.id.name}\``;
}

interface Members {
  readonly fn: FunctionLike;
  readonly fields: ReadonlyMap<string, Found<Class>>;
}

function readMembers(reader: Reader, module: SourceModule, node: Class): Members | undefined {
  const fields = new Map<string, Found<Class>>();
  const runs: Method[] = [];
  let sound = true;
  const refuse = (id: "HD3501" | "HD3503" | "HD3504" | "HD3505", at: Pick<Node, "start" | "end">, words: Words): void => {
    report(reader, module, id, at, words);
    sound = false;
  };
  const take = (name: string, value: Node, at: Node): void => {
    const found = value.type === "NewExpression" ? classOf(reader, module, value) : undefined;
    if (found === undefined) {
      refuse("HD3505", at, {
        message: `\`${sourceOf(module, at)}\` is no class of agents`,
        reason:
          "A field of a workflow class holds a class, of agents or another workflow, that is declared at the top of a module and takes nothing.",
        help: "write `agents = new Agents()`; a value that is fixed is a constant of the module",
      });
    } else if (!inheritsNothing(reader, found.module, found.node) || !takesNothing(reader, found)) sound = false;
    else fields.set(name, found);
  };
  for (const member of node.body.body) {
    if (member.type === "TSIndexSignature") continue;
    const decorators = "decorators" in member ? member.decorators : [];
    const misplaced = decoratedBy(module, decorators, "agent.defn");
    if (misplaced !== undefined) {
      refuse("HD3503", misplaced, {
        message: "an agent stands in the class of a workflow",
        reason: "The class of a workflow is read and never made; agents are code, in a class of their own.",
        help: "move it to a class of agents, and hold that in a field: `agents = new Agents()`",
      });
      continue;
    }
    if (decoratedBy(module, decorators, "workflow.run") !== undefined && isRun(member, refuse, module)) runs.push(member);
    else if (member.type === "PropertyDefinition" && !member.static && !member.computed) {
      const name = fieldName(member.key);
      // A field without a value may get it in the constructor; what is missing then is said where it is used.
      if (name !== undefined && member.value !== null) take(name, member.value, member);
    } else if (member.type === "MethodDefinition" && member.kind === "constructor") {
      for (const { name, value, at } of assignmentsOf(member, refuse, module)) take(name, value, at);
    } else if (decoratedBy(module, decorators, "workflow.run") === undefined) {
      refuse(
        "HD3505",
        { start: member.start, end: Math.min(member.end, member.start + 60) },
        {
          message: `\`${sourceOf(module, { start: member.start, end: Math.min(member.end, member.start + 30) })}\` has no place in the class of a workflow`,
          reason: "It consists of fields that hold agents, and of the one method that is run.",
          help: "make it a method of a class of agents, or a function of the module",
        },
      );
    }
  }
  const [run, second] = runs;
  if (run === undefined || second !== undefined) {
    if (sound || second !== undefined) {
      refuse("HD3501", second?.key ?? node.id ?? node, {
        message:
          run === undefined ? `${nameOfClass(node)} has no method that is run` : `${nameOfClass(node)} has several methods that are run`,
        reason: "A workflow has one body.",
        help: "put `@workflow.run` before one method",
      });
    }
    return undefined;
  }
  const fn = run.value as FunctionLike;
  return refuseForeignThis(reader, module, fn) && sound ? { fn, fields } : undefined;
}

type Refuse = (id: "HD3501" | "HD3503" | "HD3504" | "HD3505", at: Pick<Node, "start" | "end">, words: Words) => void;

/** Whether what `@workflow.run` stands before is a method that can be one. */
function isRun(member: ClassElement, refuse: Refuse, module: SourceModule): member is Method {
  const decorators = "decorators" in member ? member.decorators : [];
  const called = decorators.find(
    ({ expression }) => expression.type === "CallExpression" && authoringName(module, expression.callee) === "workflow.run",
  );
  const plain =
    member.type === "MethodDefinition" &&
    member.kind === "method" &&
    !member.static &&
    !member.computed &&
    member.key.type === "Identifier" &&
    member.value.body !== null &&
    !member.value.generator &&
    member.value.params.length <= 1;
  if (plain && called === undefined) return true;
  refuse("HD3503", called ?? { start: member.start, end: Math.min(member.end, member.start + 60) }, {
    message: called === undefined ? "`@workflow.run` stands before what is no plain method of one input" : "`@workflow.run` takes nothing",
    reason: "What is run is a method with a name that is written out, which takes one input or none.",
    help: "write `@workflow.run async run(input: Input) { … }`",
  });
  return false;
}

/** The assignments of a constructor, which may do nothing else. */
function assignmentsOf(member: Method, refuse: Refuse, module: SourceModule): readonly { name: string; value: Node; at: Node }[] {
  const found: { name: string; value: Node; at: Node }[] = [];
  const [parameter] = member.value.params;
  if (parameter !== undefined) refuseConstructor(parameter, refuse, module);
  for (const statement of member.value.body?.body ?? []) {
    const expression = statement.type === "ExpressionStatement" ? statement.expression : undefined;
    const target = expression?.type === "AssignmentExpression" && expression.operator === "=" ? expression.left : undefined;
    const name =
      target?.type === "MemberExpression" && target.object.type === "ThisExpression" && !target.computed
        ? fieldName(target.property)
        : undefined;
    if (expression?.type === "AssignmentExpression" && name !== undefined) found.push({ name, value: expression.right, at: statement });
    else refuseConstructor(statement, refuse, module);
  }
  return found;
}

function refuseConstructor(at: Node, refuse: Refuse, module: SourceModule): void {
  refuse("HD3504", at, {
    message: `\`${sourceOf(module, at)}\` is more than the constructor of a workflow may do`,
    reason: "The class is read and never made, so its constructor says no more than which classes its fields hold.",
    help: "write `this.agents = new Agents()` there or, plainer, `agents = new Agents()` as a field",
  });
}

/** Whether a class can be made without anything: nobody is there who could give it something. */
function takesNothing(reader: Reader, { module, node }: Found<Class>): boolean {
  const made = node.body.body.find(
    (member): member is Method => member.type === "MethodDefinition" && member.kind === "constructor" && member.value.body !== null,
  );
  const parameters = made?.value.params.map((one) => (one.type === "TSParameterProperty" ? one.parameter : one));
  const needed = parameters?.find(
    (one) => one.type !== "RestElement" && one.type !== "AssignmentPattern" && (one as { readonly optional?: boolean }).optional !== true,
  );
  if (needed === undefined) return true;
  report(reader, module, "HD3504", needed, {
    message: `${nameOfClass(node)} is given \`${sourceOf(module, needed)}\` to be made`,
    reason: "A process makes it by itself, at the first call of one of its agents.",
    help: "let the constructor get it from the environment, or give it to the agents as an input",
  });
  return false;
}

function classOf(reader: Reader, module: SourceModule, node: Extract<Node, { type: "NewExpression" }>): Found<Class> | undefined {
  if (node.callee.type !== "Identifier" || node.arguments.length > 0) return undefined;
  return resolveName(reader.modules, module, node.callee.name, ({ classes }) => classes);
}

/** The name of a field, `#` included where it is private. */
export function fieldName(key: Node): string | undefined {
  if (key.type === "PrivateIdentifier") return `#${key.name}`;
  return key.type === "Identifier" ? key.name : undefined;
}

/** `this` in a function that is no arrow is something else. */
function refuseForeignThis(reader: Reader, module: SourceModule, fn: FunctionLike): boolean {
  let sound = true;
  if (fn.body === null) return true;
  walk(fn.body, (node) => {
    if (!isFunctionNode(node) || node.type === "ArrowFunctionExpression") return true;
    walk(node, (inner) => {
      if (inner.type !== "ThisExpression") return true;
      sound = false;
      report(reader, module, "HD3506", inner, {
        message: "`this` of a function is not the workflow",
        reason: "Only arrow functions see the `this` of the method around them.",
        help: "write `async (item) => …`",
      });
      return false;
    });
    return false;
  });
  return sound;
}

/** What a method of a class that a field holds is: an agent, the body of a workflow, or neither. */
export type Member =
  | { readonly kind: "agent"; readonly step: Step }
  | { readonly kind: "workflow" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "nothing"; readonly reason: string };

export function memberOfClass(reader: Reader, owner: Found<Class>, name: string): Member {
  const { module, node } = owner;
  const methods = node.body.body.filter(
    (one): one is Method => one.type === "MethodDefinition" && fieldName(one.key) === name && !one.computed,
  );
  const method = methods.find((one) => one.value.body !== null);
  if (isWorkflowClass(module, node)) {
    if (method === undefined || decoratedBy(module, method.decorators, "workflow.run") === undefined)
      return { kind: "nothing", reason: `Of ${nameOfClass(node)}, which is a workflow, only the method with \`@workflow.run\` is called.` };
    return { kind: "workflow" };
  }
  if (method === undefined)
    return { kind: "nothing", reason: `${capital(nameOfClass(node))} has no method \`${name}\` that is written out.` };
  const decorator = decoratedBy(module, method.decorators, "agent.defn");
  if (decorator === undefined) return { kind: "nothing", reason: `No \`@agent.defn({ name: "…" })\` stands before it.` };
  if (method.kind !== "method" || method.static || method.value.generator || method.key.type !== "Identifier") {
    report(reader, module, "HD3503", decorator, {
      message: `\`@agent.defn\` stands before what is no plain method`,
      reason: "An agent is called on an instance of its class, by its name, and gives one result.",
      help: "make it a method: `async work(input: Input): Promise<Output> { … }`",
    });
    return { kind: "unreadable" };
  }
  const call = callOf(reader, module, decorator, '@agent.defn({ name: "…" })');
  const step = call === undefined ? undefined : readAgent(owner, reader, name, method.value as FunctionLike, call);
  return step === undefined ? { kind: "unreadable" } : { kind: "agent", step };
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Decorators of workflows where no workflow is. */
export function refuseMisplaced(reader: Reader, module: SourceModule): void {
  for (const value of module.values.values()) {
    const defn = value.type === "ClassExpression" ? decoratedBy(module, value.decorators, "workflow.defn") : undefined;
    if (defn === undefined) continue;
    report(reader, module, "HD3503", defn, {
      message: "`@workflow.defn` stands before a class that is a value",
      reason: "Workflows are found among the classes that a module declares.",
      help: "write `@workflow.defn({ … }) export class Name { … }`",
    });
  }
  for (const node of module.classes.values()) {
    const agent = decoratedBy(module, node.decorators, "agent.defn");
    if (agent !== undefined) {
      report(reader, module, "HD3503", agent, {
        message: "`@agent.defn` stands before a class",
        reason: "An agent is a method; a class may have several.",
        help: "put it before each method that is an agent",
      });
    }
    if (isWorkflowClass(module, node)) continue;
    for (const member of node.body.body) {
      const run = "decorators" in member ? decoratedBy(module, member.decorators, "workflow.run") : undefined;
      if (run === undefined) continue;
      report(reader, module, "HD3503", run, {
        message: `${nameOfClass(node)} has a method that is run, and is no workflow`,
        reason: "The class says what the workflow is named.",
        help: 'put `@workflow.defn({ name: "…" })` before the class',
      });
    }
  }
}
