/** The HTTP contract, for servers, browsers and Node alike: routes, events as server-sent events, errors, uploads. */
export { isLoopbackHost } from "../address.ts";
export type { PartOf } from "../answers.ts";
export { eventMessages } from "../events.ts";
export { requestBytesMax, responseBytesMax } from "../scalars.ts";
export { decodeHttpError, encodeHttpError, HttpErrorBody, type HttpFailure } from "./errors.ts";
export type { HttpAnswerKind, HttpMethod, HttpRequest, HttpRequestParts, HttpRouteInfo, HttpVerb } from "./method.ts";
export { httpRoutes, resultWaitMsMax } from "./routes.ts";
export { encodeSse, SseReader, sseHeartbeat, sseHeartbeatMs } from "./sse.ts";
export { BundleUploadBody, packUpload, tooLarge, unpackUpload } from "./upload.ts";
