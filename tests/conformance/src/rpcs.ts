/** Every RPC, by group and method of RuntimeApi. */
import {
  approvalsWire,
  auditWire,
  bundlesWire,
  callsWire,
  deadLettersWire,
  grantsWire,
  hooksWire,
  interruptionsWire,
  nodesWire,
  pluginsWire,
  runsWire,
  runtimeWire,
  tokensWire,
  toolsWire,
} from "@heddle/wire";

export const rpcs = {
  bundles: bundlesWire,
  runs: runsWire,
  calls: callsWire,
  approvals: approvalsWire,
  interruptions: interruptionsWire,
  grants: grantsWire,
  hooks: hooksWire,
  deadLetters: deadLettersWire,
  tools: toolsWire,
  plugins: pluginsWire,
  nodes: nodesWire,
  tokens: tokensWire,
  audit: auditWire,
  runtime: runtimeWire,
} as const;
