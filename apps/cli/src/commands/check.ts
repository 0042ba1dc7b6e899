/** `heddle check`: everything that the compiler has to say about sources, and nothing else. Speaks to nobody. */
import type { CommandSpec } from "../command.ts";
import { compileInputs, tellFindings } from "../compiled-inputs.ts";

export const check: CommandSpec = {
  name: "check",
  args: "<files...>",
  summary: "Say what is wrong with workflows (.nemo, .heddle, .visual.json, .ts, .js, bundle and job folders)",
  example: "heddle check flow.nemo",
  options: [{ flags: "--strict", summary: "warnings are errors" }],
  async run(invocation) {
    const { printer } = invocation;
    const compiled = await compileInputs(invocation);
    const { inputs, diagnostics, problems, failed } = compiled;
    if (printer.json) printer.jsonLine({ valid: !failed, diagnostics, problems });
    else {
      await tellFindings(invocation, compiled);
      const [only] = inputs;
      if (!failed) printer.line(inputs.length === 1 ? `${only?.file} is sound.` : `${inputs.length} files are sound.`);
    }
    return failed ? 1 : 0;
  },
};
