/** Dials plugins over gRPC. */
import { credentials, Client as GrpcClient, Metadata } from "@grpc/grpc-js";
import { clientByteStream, pluginInstanceMetadata, pluginStreamPath, requestBytesMax, responseBytesMax } from "@heddle/wire";
import type { DialPlugin } from "./remote-instance.ts";

const same = (bytes: Buffer): Buffer => bytes;

/** Calls a plugin back at its address. */
export const dialPlugin: DialPlugin = (address, instance) => {
  const client = new GrpcClient(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": Math.max(requestBytesMax, responseBytesMax),
    "grpc.max_send_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.enable_http_proxy": 0,
  });
  const metadata = new Metadata();
  metadata.set(pluginInstanceMetadata, instance);
  const call = client.makeBidiStreamRequest(pluginStreamPath, same, same, metadata);
  return { stream: clientByteStream(call), hangUp: () => client.close() };
};
