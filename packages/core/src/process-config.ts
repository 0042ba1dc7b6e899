/**
 * What a `process` node says of the program it starts: the `config` keys of the worker contract that
 * docs/processes.md describes. The keys keep the contract's own spelling, because bundles written for
 * it carry them as they are; keys that are not known here are kept and mean nothing.
 *
 * What is checked here is shape alone. Whether a node may run is for the gate to say.
 */
import * as z from "zod";
import { JsonValueSchema } from "./json-schema.ts";

/** Bytes of standard output that a worker may print unless its node says otherwise. */
export const processOutputBytesDefault = 1024 * 1024;
/** The most that a node may allow itself: the whole output is held in memory and journalled. */
export const processOutputBytesMax = 4 * 1024 * 1024;
/** Characters of a command, all arguments together. Input goes through files, never through arguments. */
export const processCommandLengthMax = 32_768;

const Command = z.union([z.string(), z.array(z.string()).max(4_096)]);
const Upload = z.object({ source: z.string(), target: z.string().exactOptional() }).catchall(JsonValueSchema);
const Uploads = z.array(Upload).max(1_000);

export const ProcessConfig = z
  .object({
    /** A list is an argument vector. A string is shell text, for /bin/sh: the capability `os.shell.script`. */
    command: Command.refine(
      (given) => lengthOf(given) <= processCommandLengthMax,
      `expected at most ${processCommandLengthMax} characters`,
    ).exactOptional(),
    /** Where it runs: relative to the folder of the attempt. `/sandbox/job` is another name of that folder. */
    workdir: z.string().exactOptional(),
    environment: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).exactOptional(),
    /** Variables of the host that are passed on, by exact name. */
    pass_env: z.array(z.string()).exactOptional(),
    upload_path: z.string().exactOptional(),
    upload_as: z.string().exactOptional(),
    upload_paths: Uploads.exactOptional(),
    uploads: Uploads.exactOptional(),
    name_prefix: z.string().exactOptional(),
    /** Before the first run of this node in a run of the workflow. */
    startup_delay_ms: z.number().int().min(0).max(3_155_760_000_000).exactOptional(),
    /** Of the running program: waiting for a place is not counted. The node's `timeoutMs` means the same; the shorter one holds. */
    timeout_seconds: z.number().positive().max(3_155_760_000).exactOptional(),
    /** More than {@link processOutputBytesMax} is that. */
    max_output_bytes: z.number().int().min(1).exactOptional(),
    max_memory_mb: z.number().int().min(1).exactOptional(),
    content_type: z.string().exactOptional(),
    content_encoding: z.string().exactOptional(),
    /** Text that is not exactly one JSON object fails the attempt. Without it, such text is passed on as it is. */
    require_json_object: z.boolean().exactOptional(),
    runner_module: z.string().exactOptional(),
    pool: z.string().exactOptional(),
    pool_slots: z.number().int().min(1).exactOptional(),
  })
  .catchall(JsonValueSchema);
export type ProcessConfig = z.infer<typeof ProcessConfig>;

function lengthOf(command: string | readonly string[]): number {
  return typeof command === "string" ? command.length : command.reduce((length, part) => length + part.length + 1, 0);
}
