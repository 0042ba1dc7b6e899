/** Answers as people type them: yes or no to an approval, a value of the wanted type to a question. */
import { type BundleManifest, bodiesOf, type JsonValue, type Node, type OpenQuestion, type ValueType } from "@heddle/core";
import { UsageError } from "../command.ts";
import { typedText } from "../typed-text.ts";

const yes = ["yes", "y", "true"];
const no = ["no", "n", "false"];

/** True or false; undefined when it is neither. */
export function yesOrNo(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return yes.includes(word) ? true : no.includes(word) ? false : undefined;
}

/** The value of a typed answer. Errors: `UsageError` where yes or no is wanted. */
export function answerOf(text: string, mode: OpenQuestion["mode"], type: ValueType | undefined): JsonValue {
  if (mode === "answer") return typedText(text, type);
  const answer = yesOrNo(text);
  if (answer !== undefined) return answer;
  throw new UsageError(`${JSON.stringify(text)} is neither yes nor no`, "this question is answered by yes or no");
}

/** The type that a question's node declares for its answer, where it does. */
export function answerTypeOf(manifest: BundleManifest, workflow: string, node: string): ValueType | undefined {
  const ir = manifest.workflows.find(({ id }) => id === workflow);
  const found = ir === undefined ? undefined : nodeIn(ir.nodes, node);
  return found?.kind === "human" ? found.answer : undefined;
}

function nodeIn(nodes: readonly Node[], id: string): Node | undefined {
  for (const node of nodes) {
    if (node.id === id) return node;
    for (const { body } of bodiesOf(node)) {
      const inner = nodeIn(body.nodes, id);
      if (inner !== undefined) return inner;
    }
  }
  return undefined;
}

/** The command lines that answer a question. By activation: in a loop or a map, one node asks several times. */
export function answerCommands(run: string, question: Pick<OpenQuestion, "mode" | "activation">, flags: string): readonly string[] {
  const command = (answer: string) => `heddle runs answer ${run} ${answer} --activation ${question.activation}${flags}`;
  return question.mode === "approve" ? [command("yes"), command("no")] : [command("<value>"), command("--decline")];
}
