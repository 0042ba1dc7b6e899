/** The tokens service. */
import { CreateTokenRequest, Page, RevokeTokenRequest, TokenView } from "@heddle/core";
import * as z from "zod";
import { type Token, TokensServiceService } from "./gen/heddle/tokens/v1/tokens.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer, pageOf } from "./pages.ts";
import { int, intOrAbsent, num, numOrAbsent } from "./scalars.ts";

/** A token that was made just now, with the secret that is shown once. */
export const CreatedToken = z.strictObject({ token: TokenView, secret: z.string() });
export type CreatedToken = z.infer<typeof CreatedToken>;

/** Every method of `TokensApi`, by its name there. */
export const tokensWire = {
  create: wireMethod(TokensServiceService.createToken, {
    request: CreateTokenRequest,
    response: CreatedToken,
    toRequest: (message) => present(message),
    fromRequest: ({ subject, roles, tenant }) => ({ subject, roles: [...roles], tenant }),
    toResponse: ({ token, secret }) => ({ token: token && toToken(token), secret }),
    fromResponse: ({ token, secret }) => ({ token: fromToken(token), secret }),
  }),
  list: wireMethod(TokensServiceService.listTokens, {
    request: Page,
    response: pageOf(TokenView),
    toRequest: (message) => present(message),
    fromRequest: ({ limit, cursor }) => ({ limit, cursor }),
    toResponse: ({ tokens, cursor }) => present({ rows: tokens.map(toToken), cursor }),
    fromResponse: ({ rows, cursor }) => ({ tokens: rows.map(fromToken), cursor }),
  }),
  revoke: wireMethod(TokensServiceService.revokeToken, {
    request: RevokeTokenRequest,
    toRequest: ({ id }) => ({ id }),
    fromRequest: ({ id }) => ({ id }),
    ...emptyAnswer,
  }),
};

function toToken(message: Token): unknown {
  const { id, subject, tenant, roles, createdAtMs, revokedAtMs } = message;
  return present({ id, subject, tenant, roles, createdAtMs: num(createdAtMs), revokedAtMs: numOrAbsent(revokedAtMs) });
}

function fromToken(view: TokenView): Token {
  const { id, subject, tenant, roles, createdAtMs, revokedAtMs } = view;
  return { id, subject, tenant, roles: [...roles], createdAtMs: int(createdAtMs), revokedAtMs: intOrAbsent(revokedAtMs) };
}
