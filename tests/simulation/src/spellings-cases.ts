/** Workflows that plain TypeScript and `.heddle` can both express, and how one is spelled as functions, as classes and as text. */

export interface Spelled {
  readonly name: string;
  /** Handlers by name: what one takes and gives. */
  readonly handlers?: Readonly<Record<string, string>>;
  /** Options of handlers besides their names, as they are written. */
  readonly options?: Readonly<Record<string, string>>;
  /** Models by name: their prompt and, as a tree of `t`, their output. */
  readonly models?: Readonly<Record<string, readonly [prompt: string, output?: string, more?: string]>>;
  readonly input: string;
  readonly output?: string;
  /** The body in TypeScript. `$name(…)` is a call of the handler `name`. */
  readonly body: string;
  readonly text: string;
}

const head = 'import { agent, approval, handler, model, signal, sleep, t, workflow } from "@heddle/compiler/authoring";\n';

function modelsOf({ models = {} }: Spelled): string {
  return Object.entries(models)
    .map(([name, [prompt, output, more = ""]]) => {
      const fields = output === undefined ? "" : `, output: t.object(${output})`;
      return `export const ${name} = model({ name: "${name}", prompt: ${JSON.stringify(prompt)}${fields}${more} });\n`;
    })
    .join("");
}

function returned({ output }: Spelled): string {
  return output === undefined ? "" : `: Promise<${output}>`;
}

/** The workflow as a function. */
export function asFunctions(spelled: Spelled): string {
  const { handlers = {}, options = {}, input, body } = spelled;
  const declared = Object.entries(handlers).map(([name, signature]) => {
    const [takes, gives] = signature.split(" => ");
    const more = options[name] === undefined ? "" : `, ${options[name]}`;
    return `export const ${name} = handler({ name: "${name}"${more} }, async (input: ${takes}): Promise<${gives}> => todo());\n`;
  });
  const calls = body.replace(/\$(\w+)\(/g, "$1(");
  return `${head}${declared.join("")}${modelsOf(spelled)}
export default workflow({ name: "Main" }, async (input: ${input})${returned(spelled)} => {
${calls}
});
declare function todo(): never;
`;
}

/** The same words for what a handler says as `retry` and an agent as `retries`. */
const agentWords: readonly (readonly [RegExp, string])[] = [
  [/\bretry: \{ attemptsMax: (\d+) \}/, "retries: { maxAttempts: $1 }"],
  [/\btimeoutMs: (\d+)/, "timeout: $1"],
];

/** The workflow as a class, whose agents are those of another. */
export function asClasses(spelled: Spelled): string {
  const { handlers = {}, options = {}, input, body } = spelled;
  const methods = Object.entries(handlers).map(([name, signature]) => {
    const [takes, gives] = signature.split(" => ");
    const more =
      options[name] === undefined ? "" : `, ${agentWords.reduce((text, [word, other]) => text.replace(word, other), options[name])}`;
    return `  @agent.defn({ name: "${name}"${more} })\n  async ${name}(input: ${takes}): Promise<${gives}> {\n    return todo();\n  }\n`;
  });
  const calls = body.replace(/\$(\w+)\(/g, "this.agents.$1(");
  return `${head}${modelsOf(spelled)}
export class Agents {
${methods.join("\n")}}

@workflow.defn({ name: "Main" })
export default class Main {
  agents = new Agents();

  @workflow.run
  async run(input: ${input})${returned(spelled)} {
${calls}
  }
}
declare function todo(): never;
`;
}
