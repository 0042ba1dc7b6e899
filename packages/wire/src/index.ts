/** The wire contracts of Heddle: every RPC as functions between values of core and bytes, errors, addresses, token files. */
export { type Address, defaultTarget, formatAddress, isLoopbackHost, parseAddress } from "./address.ts";
export { CreatedToken, type PartOf, StoredBundle } from "./answers.ts";
export { chunkBytesMax, joinUpload, splitUpload } from "./bundle-upload.ts";
export { BundlePart, bundlesWire } from "./bundles.ts";
export { callsWire } from "./calls.ts";
export { decodeError, encodeError, type GrpcFailure, isRemoteError } from "./errors.ts";
export { eventBatchCharsTarget, eventMessages } from "./events.ts";
export type { WireMethod } from "./method.ts";
export { runsWire } from "./runs.ts";
export { runtimeWire } from "./runtime.ts";
export { requestBytesMax, responseBytesMax } from "./scalars.ts";
export { heddleHome, readSecretFile, readTokenFile, tokenFilePath, writeSecretFile, writeTokenFile } from "./token-file.ts";
export { tokensWire } from "./tokens.ts";
