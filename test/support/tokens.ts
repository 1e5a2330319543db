// Makes tokens, and what issues and verifies them, without a middleware.
import assert from 'node:assert/strict';
import { createKeyRing } from '../../src/keys/key-ring';
import { createTokenCache, type TokenCache, type TokenContents, Tokens } from '../../src/token/token';
import { type RuleOptions, TokenRules } from '../../src/token/token-rules';
import { issue, seconds } from './forge';
import { keys, type KeyPair } from './keys';

interface TokensOptions {
  /** The `keys` option. */
  keys?: unknown;
  rules?: RuleOptions;
  cache?: TokenCache;
  tenant?: string;
}

export function createTokens(options: TokensOptions = {}): Tokens {
  const { keys: given = keys, rules, cache = createTokenCache(100), tenant } = options;
  return new Tokens(createKeyRing(given) ?? assert.fail(), cache, new TokenRules(rules), tenant);
}

/** What `issue` is told for a session of nobody in particular. */
export function contents(more: Partial<TokenContents> = {}): TokenContents {
  return {
    claims: '{}',
    handle: 'a-handle',
    generation: 1,
    authTime: undefined,
    endsAt: undefined,
    ...more,
  };
}

/** A good session token that nothing of the package has made, with these claims beside the usual ones. */
export function sessionToken(claims: object = {}, pair?: KeyPair): string {
  return issue({ iat: seconds(), ses: { id: 'by hand', gen: 1 }, ...claims }, pair);
}
