/** The table of all commands, in the order in which help shows them. */
import type { CommandSpec } from "../command.ts";
import { approvalsApprove } from "./approvals-approve.ts";
import { approvalsFollow } from "./approvals-follow.ts";
import { approvalsList } from "./approvals-list.ts";
import { approvalsReject } from "./approvals-reject.ts";
import { approvalsShow } from "./approvals-show.ts";
import { auditExplain } from "./audit-explain.ts";
import { auditExport } from "./audit-export.ts";
import { auditHead } from "./audit-head.ts";
import { auditVerify } from "./audit-verify.ts";
import { bundlesDelete } from "./bundles-delete.ts";
import { bundlesGet } from "./bundles-get.ts";
import { bundlesList } from "./bundles-list.ts";
import { bundlesPut } from "./bundles-put.ts";
import { callsList } from "./calls-list.ts";
import { callsSettle } from "./calls-settle.ts";
import { check } from "./check.ts";
import { compile } from "./compile.ts";
import { daemon } from "./daemon.ts";
import { deadLettersList } from "./deadletters-list.ts";
import { deadLettersReplay } from "./deadletters-replay.ts";
import { dev } from "./dev.ts";
import { diff } from "./diff.ts";
import { doctor } from "./doctor.ts";
import { explain } from "./explain.ts";
import { grantsCreate } from "./grants-create.ts";
import { grantsList } from "./grants-list.ts";
import { grantsRevoke } from "./grants-revoke.ts";
import { hooksDelete } from "./hooks-delete.ts";
import { hooksList } from "./hooks-list.ts";
import { hooksRegister } from "./hooks-register.ts";
import { init } from "./init.ts";
import { interruptionsAnswer } from "./interruptions-answer.ts";
import { interruptionsDecline } from "./interruptions-decline.ts";
import { interruptionsList } from "./interruptions-list.ts";
import { nodesAdd } from "./nodes-add.ts";
import { nodesInvoke } from "./nodes-invoke.ts";
import { nodesList } from "./nodes-list.ts";
import { nodesRemove } from "./nodes-remove.ts";
import { pluginsInvoke } from "./plugins-invoke.ts";
import { pluginsList } from "./plugins-list.ts";
import { run } from "./run.ts";
import { runsAnswer } from "./runs-answer.ts";
import { runsCancel } from "./runs-cancel.ts";
import { runsDelete } from "./runs-delete.ts";
import { runsEvents } from "./runs-events.ts";
import { runsFollow } from "./runs-follow.ts";
import { runsGet } from "./runs-get.ts";
import { runsList } from "./runs-list.ts";
import { runsLogs } from "./runs-logs.ts";
import { runsPause } from "./runs-pause.ts";
import { runsQuery } from "./runs-query.ts";
import { runsResume } from "./runs-resume.ts";
import { runsRetry } from "./runs-retry.ts";
import { runsSignal } from "./runs-signal.ts";
import { status } from "./status.ts";
import { test } from "./test.ts";
import { tokensCreate } from "./tokens-create.ts";
import { tokensList } from "./tokens-list.ts";
import { tokensRevoke } from "./tokens-revoke.ts";
import { toolsCall } from "./tools-call.ts";
import { toolsList } from "./tools-list.ts";
import { validate } from "./validate.ts";
import { version } from "./version.ts";
import { why } from "./why.ts";

/** Commands of two words belong to one of these. */
export const commandGroups: Readonly<Record<string, string>> = {
  runs: "See and steer runs",
  calls: "See calls that were started, and settle those of unknown outcome",
  approvals: "See what waits for a yes, and say yes or no",
  interruptions: "See questions, and answer them",
  grants: "Agree to calls beforehand, and revoke that",
  audit: "See and check the chain of what was decided",
  deadletters: "See messages that could not be delivered, and send them again",
  tools: "See the tools of the daemon, and call them",
  plugins: "See plugins, and call their actions",
  nodes: "See and add node servers, and run their nodes",
  bundles: "See and store bundles",
  tokens: "Make and revoke access tokens",
};

export const commands: readonly CommandSpec[] = [
  init,
  dev,
  run,
  validate,
  check,
  test,
  compile,
  explain,
  diff,
  daemon,
  doctor,
  status,
  why,
  runsList,
  runsGet,
  runsEvents,
  runsFollow,
  runsLogs,
  runsAnswer,
  runsSignal,
  runsQuery,
  runsPause,
  runsResume,
  runsCancel,
  runsRetry,
  runsDelete,
  callsList,
  callsSettle,
  approvalsList,
  approvalsShow,
  approvalsApprove,
  approvalsReject,
  approvalsFollow,
  interruptionsList,
  interruptionsAnswer,
  interruptionsDecline,
  grantsList,
  grantsCreate,
  grantsRevoke,
  hooksList,
  hooksRegister,
  hooksDelete,
  auditExport,
  auditVerify,
  auditHead,
  auditExplain,
  deadLettersList,
  deadLettersReplay,
  toolsList,
  toolsCall,
  pluginsList,
  pluginsInvoke,
  nodesAdd,
  nodesList,
  nodesRemove,
  nodesInvoke,
  bundlesList,
  bundlesGet,
  bundlesPut,
  bundlesDelete,
  tokensCreate,
  tokensList,
  tokensRevoke,
  version,
];
