/** One request and one answer for every method of the audit, with every optional field set somewhere. */
const hash = `sha256:${"fedcba9876543210".repeat(4)}`;
const runId = `run_${"0123456789abcdefghjkmnpqrs"}`;
const signedHead = {
  head: { tenant: "default", n: 2, hash, atMs: 9 },
  publicKey: `ed25519:${"0f".repeat(32)}`,
  signature: "a1".repeat(64),
};
const decision = {
  stream: `run:${runId}`,
  seq: 3,
  atMs: 7,
  kind: "call-approved",
  says: "approved ☃; it may start",
  status: "verified",
} as const;
export const auditSamples = {
  head: { request: {}, answer: signedHead },
  export: {
    request: { after: 1, limit: 1 },
    answer: {
      records: [{ n: 2, previous: hash, root: hash, leaves: [{ stream: `run:${runId}`, seq: 3, digest: hash }], through: 44, atMs: 8 }],
      head: signedHead,
    },
  },
  explain: {
    request: { call: `${runId}/3` },
    answer: {
      ...{ call: `${runId}/3`, runId, node: "save", tool: "writeFile", capability: "fs.write", requestedBy: "ann", requestedAtMs: 5 },
      decisions: [
        { ...decision, by: "bob", comment: "", hash, grant: "grt_x", attempt: 1, policies: hash, record: 2 },
        { ...decision, status: "pending" as const },
      ],
    },
  },
};
