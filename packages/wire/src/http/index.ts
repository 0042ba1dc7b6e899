/** The HTTP contract, for servers, browsers and Node alike: routes, events as server-sent events, errors, uploads. */
export { isLoopbackHost } from "../address.ts";
export type { PartOf } from "../answers.ts";
export { requestBytesMax, responseBytesMax } from "../scalars.ts";
export { decodeHttpError, encodeHttpError, HttpErrorBody, type HttpFailure } from "./errors.ts";
export type { HttpAnswerKind, HttpMethod, HttpRequest, HttpRequestParts, HttpRouteInfo, HttpStreamInfo, HttpVerb } from "./method.ts";
export { httpRoutes, resultWaitMsMax } from "./routes.ts";
export { approvalSse, encodeSse, runSse, type SseForm, SseReader, sseHeartbeat, sseHeartbeatMs } from "./sse.ts";
export { BundleUploadBody, packUpload, tooLarge, unpackUpload } from "./upload.ts";
