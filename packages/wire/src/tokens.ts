/** The tokens service. */
import { CreateTokenRequest, Page, RevokeTokenRequest, TokenView } from "@heddle/core";
import { CreatedToken, pageOf } from "./answers.ts";
import { type Token, TokensServiceService } from "./gen/heddle/tokens/v1/tokens.js";
import { present, wireMethod } from "./method.ts";
import { emptyAnswer } from "./pages.ts";
import { int, intOrAbsent, num, numOrAbsent } from "./scalars.ts";

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
