/** `heddle tokens create`: the secret alone is on standard output, for a pipe or a file. */
import { type CommandSpec, didYouMean, UsageError } from "../command.ts";
import { withClient } from "../connect.ts";

const roles = ["operator", "engineer", "admin"] as const;

export const tokensCreate: CommandSpec = {
  name: "tokens create",
  summary: "Make a token and print its secret, once",
  example: "heddle tokens create --subject ada --role operator",
  daemon: true,
  options: [
    { flags: "--subject <name>", summary: "who it is for" },
    { flags: "--role <role>", summary: "operator, engineer or admin", repeat: true },
    { flags: "--tenant <id>", summary: "whose data (your own tenant)" },
  ],
  run: (invocation) =>
    withClient(invocation, async (client) => {
      const { options, printer } = invocation;
      const subject = options.text("subject");
      const wanted = options.texts("role").map((text) => {
        const role = roles.find((known) => known === text);
        if (role === undefined) throw new UsageError(`there is no role ${text}${didYouMean(text, roles)}`, `roles are ${roles.join(", ")}`);
        return role;
      });
      const help = "write: heddle tokens create --subject ada --role operator";
      if (subject === undefined) throw new UsageError("--subject is missing", help);
      if (wanted.length === 0) throw new UsageError("--role is missing", help);
      const tenant = options.text("tenant");
      const { token, secret } = await client.tokens.create({ subject, roles: wanted, ...(tenant === undefined ? {} : { tenant }) });
      if (!printer.json) printer.note(`token ${token.id} for ${token.subject} (${token.roles.join(", ")}); its secret is shown this once:`);
      printer.answer({ token, secret }, () => [secret]);
      return 0;
    }),
};
