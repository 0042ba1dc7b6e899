import { handler, workflow } from "@heddle/compiler/authoring";

/** A handler is ordinary code. It runs in a process of its own. */
export const greet = handler({ name: "greet" }, async (name: string): Promise<string> => `Hello, ${name}!`);

/** The body of a workflow is read and never run: it says what may happen. */
export default workflow({ name: "hello" }, async (input: { name: string }): Promise<string> => {
  return await greet(input.name);
});
