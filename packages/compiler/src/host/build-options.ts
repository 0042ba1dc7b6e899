/** How a bundle is built, whatever spelling its workflows have. */
export interface BuildOptions {
  /** Which exported workflow is the main one. Default: the default export, or the one that no other starts. */
  readonly main?: string;
  /** How long the file may take to load. Default 20 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}
