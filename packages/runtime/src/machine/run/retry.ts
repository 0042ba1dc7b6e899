/** Whether and when a failed attempt is repeated. */
import { type Failure, type RetryPolicy, retriedByDefault, retryDefaults } from "@heddle/core";

/**
 * The delay before the next attempt, in milliseconds; undefined when there is none.
 *
 * @param counted attempts that count against the policy, the failed one included
 * @param random uniform in [0, 1): takes up to `jitter` of the delay away
 */
export function retryDelayMs(policy: RetryPolicy | undefined, failure: Failure, counted: number, random: number): number | undefined {
  if (policy === undefined || counted >= policy.attemptsMax || !failure.retryable) return undefined;
  if (!(policy.on ?? retriedByDefault).includes(failure.class)) return undefined;
  if (policy.exceptCodes?.includes(failure.code) === true) return undefined;
  const base = policy.delayMs ?? retryDefaults.delayMs;
  const grown = base * (policy.factor ?? retryDefaults.factor) ** (counted - 1);
  const capped = Math.min(grown, policy.delayMaxMs ?? retryDefaults.delayMaxMs);
  const delayMs = Math.round(capped * (1 - (policy.jitter ?? retryDefaults.jitter) * random));
  return Math.max(delayMs, failure.retryAfterMs ?? 0);
}
