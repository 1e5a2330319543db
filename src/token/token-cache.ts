/** Remembers tokens that were issued or verified, so that the next request with the same token needs no cryptography. */
import { LRUCache } from 'lru-cache';
import type { Token } from './token';
import { signingInputOf } from './token-text';

/**
 * Tokens by their signed text, without the signature. Whoever has a token can compute a second good signature for it (n - s,
 * SEC 1, section 4.1.4). That must not take a second place in the cache.
 */
export interface TokenCache {
  /** The token with exactly this text. */
  get(text: string): Token | undefined;
  /** The token with this signed text. */
  find(signingInput: string): Token | undefined;
  /** Adds a token. If one with the same signed text is there, that one stays. */
  add(token: Token): void;
}

/** @param size how many tokens are remembered, about 1 KB each */
export function createTokenCache(size: number): TokenCache {
  const tokens = new LRUCache<string, Token>({ max: size });
  return {
    get: (text) => {
      const token = tokens.get(signingInputOf(text));
      return token?.text === text ? token : undefined;
    },
    find: (signingInput) => tokens.get(signingInput),
    add: (token) => {
      const signingInput = signingInputOf(token.text);
      if (!tokens.has(signingInput)) tokens.set(signingInput, token);
    },
  };
}
