/** A gRPC call of bare bytes, to send what no client of ours would. */
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import type { HeddleError } from "@heddle/core";
import { decodeError } from "@heddle/wire";

/** How a call ended. */
export interface RawFailure {
  readonly code: number;
  readonly message: string;
  readonly errorCode: string | undefined;
  readonly error: HeddleError;
}

const same = (bytes: Buffer): Buffer => bytes;

/** Makes a call that is expected to fail. */
export async function rawCall(address: string, path: string, bytes: Buffer, token?: string): Promise<RawFailure> {
  const client = new Client(address, credentials.createInsecure(), { "grpc.max_send_message_length": -1, "grpc.enable_http_proxy": 0 });
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("authorization", `Bearer ${token}`);
  try {
    return await new Promise((resolve, reject) => {
      client.makeUnaryRequest(path, same, same, bytes, metadata, { deadline: Date.now() + 20_000 }, (failure) => {
        if (failure === null) return reject(new Error("the call succeeded"));
        const errorCode = failure.metadata.get("heddle-error-code")[0]?.toString();
        resolve({ code: failure.code, message: failure.details, errorCode, error: decodeError(failure) });
      });
    });
  } finally {
    client.close();
  }
}
