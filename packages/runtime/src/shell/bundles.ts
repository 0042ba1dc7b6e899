/**
 * Bundles in the store and in memory: put, verified, loaded once, and laid out on disk for the
 * processes that run their code.
 */
import { createHash } from "node:crypto";
import {
  anonymousBundle,
  type BundleManifest,
  type BundleUpload,
  type BundleView,
  bundleHash,
  type ContentHash,
  type Failure,
  HeddleError,
  isPayloadPath,
  type JsonValue,
  type PayloadFile,
  parseManifest,
  payloadFileBytesMax,
  type TenantId,
  type WorkflowIr,
} from "@heddle/core";
import type { BlobWrite, Clock, Store } from "@heddle/ports";
import { type Admission, type AdmissionRules, admitBundle, wantsSandbox } from "../gate/admit.ts";
import { type CallRules, callRulesOf } from "../gate/call-rules.ts";
import { prepare, type RunPlan } from "../machine/index.ts";
import { isBounded } from "./node-flow.ts";

/** A workflow of a bundle, ready to be driven. */
export interface LoadedWorkflow {
  readonly bundle: ContentHash;
  readonly manifest: BundleManifest;
  readonly ir: WorkflowIr;
  readonly plan: RunPlan;
  readonly admission: Admission;
  /** What binds the calls of its nodes. */
  readonly calls: CallRules;
  /** Nodes whose attempts need slots, or are bounded otherwise. */
  readonly bounded: ReadonlySet<string>;
  /** Some of its nodes are calls. */
  readonly makesCalls: boolean;
  /** Why its code cannot be carried out here; undefined when it can. */
  readonly problem: string | undefined;
}

export interface BundlesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly epoch: () => number;
  readonly rules: AdmissionRules;
  /** Makes the code of a bundle runnable on this machine. */
  readonly layOut: (hash: ContentHash, manifest: BundleManifest, payload: (file: PayloadFile) => Promise<Uint8Array>) => Promise<void>;
}

interface Held {
  readonly view: BundleView;
  readonly manifest: BundleManifest;
  readonly workflows: Map<string, Promise<LoadedWorkflow>>;
}

export class Bundles {
  readonly #options: BundlesOptions;
  readonly #held = new Map<string, Held>();

  constructor(options: BundlesOptions) {
    this.#options = options;
  }

  /** Stores a bundle. Errors: `bundle-invalid`, `path-escape`, `bundle-hash-mismatch`, `value-too-large`. */
  async put(upload: BundleUpload, tenant: TenantId): Promise<BundleView> {
    refuseEscapes(upload.manifest);
    const manifest = parseManifest(upload.manifest);
    const expected = new Map(manifest.files.map((file) => [file.path, file]));
    const blobs: BlobWrite[] = [];
    for await (const { path, bytes } of upload.files) {
      const file = expected.get(path);
      if (file === undefined) throw unexpectedFile(path);
      expected.delete(path);
      verifyFile(file, bytes);
      blobs.push({ hash: file.hash, bytes });
    }
    const [missing] = expected.keys();
    if (missing !== undefined)
      throw new HeddleError("bundle-invalid", `the file ${missing} is in the manifest and was not sent`, { details: { path: missing } });
    return this.#keep(manifest, blobs, tenant);
  }

  /** Stores a bare IR whose handlers the embedding program provides. */
  putAnonymous(workflows: readonly WorkflowIr[], tenant: TenantId): Promise<BundleView> {
    return this.#keep(parseManifest(anonymousBundle(workflows)), [], tenant);
  }

  async #keep(manifest: BundleManifest, blobs: readonly BlobWrite[], tenant: TenantId): Promise<BundleView> {
    const hash = bundleHash(manifest);
    const known = await this.#find(hash, tenant);
    if (known !== undefined && (await this.#isWhole(manifest, tenant))) return known.view;
    const { store, clock, epoch } = this.#options;
    const nowMs = clock.nowMs();
    const event = JSON.stringify({ kind: "bundle-stored", manifest });
    const row = await store.journal.get(streamOf(hash, tenant), tenant);
    const view: BundleView = {
      hash,
      main: manifest.main,
      workflows: manifest.workflows.map((ir) => ir.id),
      files: manifest.files.length,
      bytes: manifest.files.reduce((sum, file) => sum + file.bytes, 0),
      storedAtMs: nowMs,
    };
    const outcome = await store.journal.append([
      {
        stream: streamOf(hash, tenant),
        tenant,
        expectedSeq: row?.seq ?? 0,
        epoch: epoch(),
        events: [{ atMs: nowMs, text: event }],
        summary: { kind: "bundle", status: "stored", name: manifest.main, createdAtMs: nowMs, data: JSON.stringify(view) },
        ...(blobs.length === 0 ? {} : { blobs: uniqueBlobs(blobs) }),
      },
    ]);
    if (outcome.kind === "fenced") throw new HeddleError("journal-fenced", "another process has taken over the store");
    this.#held.set(streamOf(hash, tenant), { view, manifest, workflows: new Map() });
    return view;
  }

  /** Errors: `bundle-not-found`. */
  get(hash: ContentHash, tenant: TenantId): Promise<{ view: BundleView; manifest: BundleManifest }> {
    return this.#known(hash, tenant);
  }

  async #known(hash: ContentHash, tenant: TenantId): Promise<Held> {
    const held = await this.#find(hash, tenant);
    if (held === undefined) throw new HeddleError("bundle-not-found", `no bundle has the hash ${hash}`, { details: { hash } });
    return held;
  }

  /** A workflow of a bundle, prepared. Errors: `bundle-not-found`, `workflow-not-found`, `unimplemented`. */
  async load(hash: ContentHash, workflow: string | undefined, tenant: TenantId): Promise<LoadedWorkflow> {
    const held = await this.#known(hash, tenant);
    const id = workflow ?? held.manifest.main;
    const known = held.workflows.get(id);
    if (known !== undefined) return known;
    // Loading lays code out on disk: those who ask at the same time share one try.
    const loading = this.#prepare(held, id, tenant);
    held.workflows.set(id, loading);
    try {
      const loaded = await loading;
      if (loaded.problem !== undefined) held.workflows.delete(id);
      return loaded;
    } catch (error) {
      held.workflows.delete(id);
      throw error;
    }
  }

  async #prepare(held: Held, id: string, tenant: TenantId): Promise<LoadedWorkflow> {
    const { hash } = held.view;
    const ir = held.manifest.workflows.find((candidate) => candidate.id === id);
    if (ir === undefined)
      throw new HeddleError("workflow-not-found", `bundle ${hash} has no workflow ${id}`, { details: { workflow: id } });
    const plan = prepare(ir);
    const { rules } = this.#options;
    const ability = wantsSandbox(held.manifest, rules) ? await rules.sandbox?.() : undefined;
    return {
      bundle: hash,
      manifest: held.manifest,
      ir,
      plan,
      bounded: new Set([...plan.nodes.values()].filter(({ node }) => isBounded(node)).map(({ id }) => id)),
      makesCalls: [...plan.nodes.values()].some(({ node }) => node.kind === "tool"),
      admission: admitBundle(held.manifest, rules, ability),
      calls: callRulesOf(held.manifest, ir),
      problem: await this.#problemOf(hash, held.manifest, tenant),
    };
  }

  /** The first node of a workflow that the gate would never let through. */
  refusalOf(loaded: LoadedWorkflow): Failure | undefined {
    for (const { node } of loaded.plan.nodes.values()) {
      const refusal = loaded.admission.refuse(node);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  /** What is loaded of a bundle is loaded again when it is next asked for. */
  forget(hash: ContentHash, tenant: TenantId): void {
    this.#held.get(streamOf(hash, tenant))?.workflows.clear();
  }

  async payload(hash: ContentHash, file: PayloadFile, tenant: TenantId): Promise<Uint8Array> {
    const bytes = await this.#options.store.blobs.get(file.hash, tenant);
    if (bytes === undefined) throw new HeddleError("blob-not-found", `the file ${file.path} of bundle ${hash} is not in the store`);
    verifyFile(file, bytes);
    return bytes;
  }

  async delete(hash: ContentHash, tenant: TenantId): Promise<void> {
    await this.get(hash, tenant);
    this.#held.delete(streamOf(hash, tenant));
    await this.#options.store.journal.delete(streamOf(hash, tenant), tenant);
    await this.#options.store.blobs.collect();
  }

  /** Why the handlers of a bundle cannot run here; lays its files out where they can. */
  async #problemOf(hash: ContentHash, manifest: BundleManifest, tenant: TenantId): Promise<string | undefined> {
    const { rules, layOut } = this.#options;
    const missing = manifest.handlers.find((handler) => handler.code === undefined && !rules.provided.has(handler.name));
    if (missing !== undefined && rules.workers !== true) return `no function is registered for its handler ${missing.name}`;
    if (manifest.files.length === 0 && manifest.handlers.every((handler) => handler.code === undefined)) return undefined;
    try {
      await layOut(hash, manifest, (file) => this.payload(hash, file, tenant));
      return undefined;
    } catch (error) {
      return HeddleError.is(error)
        ? error.message
        : `its payloads cannot be laid out: ${error instanceof Error ? error.message : "unknown error"}`;
    }
  }

  async #isWhole(manifest: BundleManifest, tenant: TenantId): Promise<boolean> {
    for (const file of manifest.files) if ((await this.#options.store.blobs.get(file.hash, tenant)) === undefined) return false;
    return true;
  }

  async #find(hash: ContentHash, tenant: TenantId): Promise<Held | undefined> {
    const stream = streamOf(hash, tenant);
    const held = this.#held.get(stream);
    if (held !== undefined) return held;
    const { journal } = this.#options.store;
    const row = await journal.get(stream, tenant);
    const [stored] = row === undefined ? [] : await journal.read(stream, tenant, 0, 1);
    if (row === undefined || stored === undefined) return undefined;
    const { manifest } = JSON.parse(stored.text) as { manifest: BundleManifest };
    if (bundleHash(manifest) !== hash) throw new HeddleError("bundle-hash-mismatch", `the stored bundle ${hash} has another hash`);
    const found: Held = { view: JSON.parse(row.data) as BundleView, manifest, workflows: new Map() };
    this.#held.set(stream, found);
    return found;
  }
}

function streamOf(hash: ContentHash, tenant: TenantId): string {
  return `bundle:${tenant}:${hash}`;
}

/** Says `path-escape` before the schema says it in more general words. */
function refuseEscapes(manifest: unknown): void {
  const files = typeof manifest === "object" && manifest !== null && "files" in manifest ? (manifest.files as JsonValue) : undefined;
  if (!Array.isArray(files)) return;
  for (const file of files as readonly JsonValue[]) {
    const path = typeof file === "object" && file !== null && "path" in file ? file.path : undefined;
    if (typeof path === "string" && !isPayloadPath(path)) throw unexpectedFile(path);
  }
}

function unexpectedFile(path: string): HeddleError {
  if (isPayloadPath(path))
    return new HeddleError("bundle-invalid", `the file ${path} was sent and is not in the manifest`, { details: { path } });
  return new HeddleError("path-escape", `the payload path ${JSON.stringify(path)} leads outside payloads/`, { details: { path } });
}

function verifyFile(file: PayloadFile, bytes: Uint8Array): void {
  if (bytes.length > payloadFileBytesMax)
    throw new HeddleError("value-too-large", `the file ${file.path} has more than ${payloadFileBytesMax} bytes`);
  const hash = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  if (bytes.length !== file.bytes || hash !== file.hash) {
    throw new HeddleError("bundle-hash-mismatch", `the file ${file.path} is not the one that the manifest names`, {
      details: { path: file.path },
    });
  }
}

function uniqueBlobs(blobs: readonly BlobWrite[]): readonly BlobWrite[] {
  return [...new Map(blobs.map((blob) => [blob.hash, blob])).values()];
}
