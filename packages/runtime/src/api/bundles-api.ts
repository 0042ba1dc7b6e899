/** The bundles group of RuntimeApi. */
import { type BundlesApi, type BundleView, HeddleError } from "@heddle/core";
import type { Engine } from "../shell/engine.ts";

export function createBundlesApi(engine: Engine): BundlesApi {
  return {
    async put(upload, { principal }) {
      const view = await engine.bundles.put(upload, principal.tenant);
      // Runs may have waited for just these bytes.
      await engine.refresh(view.hash, principal.tenant);
      return view;
    },
    get: ({ hash }, { principal }) => engine.bundles.get(hash, principal.tenant),
    async list(request, { principal }) {
      const page = await engine.store.journal.list({
        tenant: principal.tenant,
        kind: "bundle",
        limit: request.limit ?? 50,
        ...(request.cursor === undefined ? {} : { cursor: request.cursor }),
      });
      return {
        rows: page.rows.map((row) => JSON.parse(row.data) as BundleView),
        ...(page.cursor === undefined ? {} : { cursor: page.cursor }),
      };
    },
    async delete({ hash }, { principal }) {
      for (const driver of engine.drivers()) {
        if (driver.tenant === principal.tenant && driver.workflow.bundle === hash) {
          throw new HeddleError("bundle-in-use", `run ${driver.id} is pinned to bundle ${hash}, and has not ended`, {
            details: { runId: driver.id },
          });
        }
      }
      await engine.bundles.delete(hash, principal.tenant);
    },
  };
}
