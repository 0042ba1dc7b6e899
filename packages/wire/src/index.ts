/** The wire contracts of Heddle: every RPC as functions between values of core and bytes, errors, addresses, token files. */
export { type Address, defaultTarget, formatAddress, isLoopbackHost, parseAddress } from "./address.ts";
export { CreatedToken, type PartOf, StoredBundle } from "./answers.ts";
export { auditWire } from "./audit.ts";
export { chunkBytesMax, joinUpload, splitUpload } from "./bundle-upload.ts";
export { BundlePart, bundlesWire } from "./bundles.ts";
export { callsWire } from "./calls.ts";
export { approvalsWire, grantsWire, interruptionsWire } from "./consent.ts";
export { deadLettersWire } from "./dead-letters.ts";
export { decodeError, encodeError, type GrpcFailure, isRemoteError } from "./errors.ts";
export { approvalMessages, eventBatchCharsTarget, eventMessages } from "./events.ts";
export { hooksWire } from "./hooks.ts";
export type { WireMethod } from "./method.ts";
export { nodesWire } from "./nodes.ts";
export { healthAction, pluginInstanceMetadata } from "./plugin-callback.ts";
export { pluginsWire } from "./plugins.ts";
export { runsWire } from "./runs.ts";
export { runtimeWire } from "./runtime.ts";
export { requestBytesMax, responseBytesMax } from "./scalars.ts";
export { type ByteListener, type ByteStream, clientByteStream, serverByteStream } from "./stream/byte-stream.ts";
export {
  decodeRuntimeFrame,
  decodeServingFrame,
  encodeRuntimeFrame,
  encodeServingFrame,
  pluginStreamPath,
  workerStreamPath,
} from "./stream/frame-codec.ts";
export {
  emptyRuntimeFrame,
  emptyServingFrame,
  type RuntimeFrame,
  type ServingFrame,
  type StreamAbort,
  type StreamEnd,
  StreamHello,
  type StreamLog,
  type StreamOnceValue,
  type StreamProgress,
  type StreamRecord,
  type StreamRecorded,
  type StreamResult,
  type StreamTask,
  type StreamWelcome,
  streamProtocol,
} from "./stream/frames.ts";
export { type Heartbeat, type HeartbeatOptions, type SetTimer, startHeartbeat } from "./stream/heartbeat.ts";
export { type FrameForm, Outbox } from "./stream/outbox.ts";
export { type ServingOptions, type ServingOutcome, type ServingSession, startServing } from "./stream/serving.ts";
export type { LogSource, ServingWork } from "./stream/serving-work.ts";
export { heddleHome, readSecretFile, readTokenFile, tokenFilePath, writeSecretFile, writeTokenFile } from "./token-file.ts";
export { tokensWire } from "./tokens.ts";
export { toolsWire } from "./tools.ts";
