/** The rows of the checks over a lowered workflow: HD2xxx. */
export const checkDiagnostics = {} as const;
