/** Serving handlers from a process of one's own. */
export { type ErrorCode, type HandlerContext, type HandlerLog, HeddleError } from "@heddle/core";
export { positional, type WorkerHandler } from "./perform.ts";
export { createWorker, type Worker, type WorkerOptions } from "./worker.ts";
