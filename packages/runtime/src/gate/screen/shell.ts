/** The two ways to the shell: one program with its words, and text that a shell has to read. */
export const shellCapability = "os.shell";
export const scriptCapability = "os.shell.script";
