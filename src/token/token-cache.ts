/** Remembers tokens that were issued or verified, so that the next request with one needs no cryptography. */
import { LRUCache } from 'lru-cache';
import type { Token } from './token';
import { signingInputOf } from './token-text';

/**
 * Tokens by what is signed in them. Of one token there is a second good signature, which anybody can compute who has the
 * first (n - s, SEC 1, section 4.1.4), and it has no place of its own: a client could fill the cache with it.
 */
export interface TokenCache {
  /** The token of this very text. */
  get(text: string): Token | undefined;
  /** The token in which just this is signed. */
  find(signingInput: string): Token | undefined;
  /** Nothing happens if the same is there with another signature. */
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
