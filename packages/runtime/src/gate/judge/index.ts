/** The judge: what a prepared call comes to under policies, needs, consent and grants. */
export { type BuiltinApprovals, type ConsentContext, coveringGrant } from "./consent.ts";
export { type CompiledGrant, compileGrant, coveredBy, type Grant, type GrantContext, type GrantScope, withinManifest } from "./grants.ts";
export { type JudgeContext, judge, pathTextsOf } from "./judge.ts";
export { confirmCapability, countsAsSatisfied, type NeedContext } from "./needs.ts";
export { type CompiledPolicies, compilePolicies, type PolicyProblem } from "./policies.ts";
export { wordsParameter } from "./references.ts";
