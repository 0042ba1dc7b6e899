/** The calls service. */
import { CallView, ListCallsRequest, SettleCallRequest } from "@heddle/core";
import { pageOf } from "./answers.ts";
import { type Call, CallsServiceService } from "./gen/heddle/calls/v1/calls.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { int, intOrAbsent, jsonOrAbsent, num, numOrAbsent, requestJsonOrAbsent } from "./scalars.ts";

/** Every method of `CallsApi`, by its name there. */
export const callsWire = {
  list: wireMethod(CallsServiceService.listCalls, {
    request: ListCallsRequest,
    response: pageOf(CallView),
    toRequest: (message) => present(message),
    fromRequest: ({ limit, cursor, status }) => ({ limit, cursor, status }),
    toResponse: ({ calls, cursor }) => present({ rows: calls.map(toCall), cursor }),
    fromResponse: ({ rows, cursor }) => ({ calls: rows.map(fromCall), cursor }),
  }),
  settle: wireMethod(CallsServiceService.settleCall, {
    request: SettleCallRequest,
    jsonMembers: ["result"],
    toRequest: ({ call, as, resultJson, message, attempt }) =>
      present({ call, as, result: requestJsonOrAbsent("result_json", resultJson), message, attempt: numOrAbsent(attempt) }),
    fromRequest: ({ call, as, result, message, attempt }) => ({
      call,
      as,
      resultJson: jsonOrAbsent(result),
      message,
      attempt: intOrAbsent(attempt),
    }),
    ...emptyAnswer,
  }),
};

function toCall(message: Call): unknown {
  const { id, run, node, attempt, status, startedAtMs } = message;
  return { id, run, node, attempt: num(attempt), status, startedAtMs: num(startedAtMs) };
}

function fromCall(view: CallView): Call {
  const { id, run, node, attempt, status, startedAtMs } = view;
  return { id, run, node, attempt: int(attempt), status, startedAtMs: int(startedAtMs) };
}
