/** The calls group of RuntimeApi: attempts whose start is journalled, and how they ended. */
import { type CallsApi, type CallView, HeddleError } from "@heddle/core";
import type { Engine } from "../shell/engine.ts";
import { callsOfDriver } from "./views.ts";

export function createCallsApi(engine: Engine): CallsApi {
  return {
    list(request, { principal }) {
      const all: CallView[] = [];
      for (const driver of engine.drivers()) {
        if (driver.tenant !== principal.tenant) continue;
        all.push(...callsOfDriver(driver).filter((call) => request.status === undefined || call.status === request.status));
      }
      all.sort((a, b) => (a.id < b.id ? -1 : 1));
      const rest = request.cursor === undefined ? all : all.filter((call) => call.id > (request.cursor as string));
      const rows = rest.slice(0, request.limit ?? 50);
      const last = rows[rows.length - 1];
      return Promise.resolve({ rows, ...(rest.length > rows.length && last !== undefined ? { cursor: last.id } : {}) });
    },
    async settle({ call, as, result, message, attempt }, { principal }) {
      const [run = "", activation = ""] = call.split("/");
      const driver = engine.driver(run, principal.tenant);
      const open = driver?.live.activation(Number(activation));
      if (driver === undefined || open === undefined)
        throw new HeddleError("call-not-found", `no open call has the id ${call}`, { details: { call } });
      await driver.submit({
        kind: "settle-call",
        activation: open.id,
        as,
        by: principal.subject,
        ...(result === undefined ? {} : { result }),
        ...(message === undefined ? {} : { message }),
        ...(attempt === undefined ? {} : { attempt }),
      });
    },
  };
}
