/** The grants group of RuntimeApi: consent to a bounded predicate of calls, made and revoked by engineers and admins. */
import { type GrantRequest, type GrantsApi, HeddleError, reachOfBundle } from "@heddle/core";
import type { Clock } from "@heddle/ports";
import { withinManifest } from "../gate/judge/index.ts";
import type { Engine } from "../shell/engine.ts";
import { type Grants, grantOf, isInForce } from "../shell/grants.ts";
import { pageOf } from "./questions.ts";

export function createGrantsApi(engine: Engine, grants: Grants, clock: Clock): GrantsApi {
  return {
    async list({ all = false, ...page }, { principal }) {
      const nowMs = clock.nowMs();
      const views = grants.list(principal.tenant).filter((view) => all || isInForce(view, nowMs));
      return pageOf(views, page);
    },
    async create(request, { principal }) {
      const reach = await reachFor(request);
      const problems = withinManifest(grantOf({ id: "grt_new", ...request }), reach.total);
      if (problems.length > 0)
        throw new HeddleError("grant-invalid", `the grant cannot be made: ${problems.join("; ")}`, {
          details: { problems: problems.length },
        });
      return grants.create(request, principal.subject, principal.tenant);

      async function reachFor({ scope }: GrantRequest) {
        if (scope.kind === "bundle") return reachOfBundle((await engine.bundles.get(scope.bundle, principal.tenant)).manifest);
        const driver = engine.driver(scope.runId, principal.tenant);
        if (driver === undefined)
          throw new HeddleError("run-not-found", `no open run has the id ${scope.runId}`, { details: { runId: scope.runId } });
        return reachOfBundle(driver.workflow.manifest);
      }
    },
    async revoke({ id }, { principal }) {
      await grants.revoke(id, principal.subject, principal.tenant);
    },
  };
}
