/** `error`: no output. `warning`: allowed, and probably not meant; `--strict` refuses it. `hint`: worth knowing. */
export type Severity = "error" | "warning" | "hint";
