/** Test a plugin without a daemon: requests to hand to it, and calls that are checked as the daemon checks them. */
export { type CallResult, callAction, type Logged, type RequestOptions, type TestRequest, testRequest } from "./requests.ts";
