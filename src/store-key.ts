import { digestOf } from './digest';

/**
 * What stands for a text in the store: for a token, or, where its session came from express-session, for its old id.
 *
 * @throws TypeError if the `storeKey` option made something unusable of it
 */
export type StoreKey = (text: string) => string;

/** Fewer characters cannot hold 128 bits, one byte each. */
const MIN_LENGTH = 16;

/** A token by its form, two that differ in their signatures, and the id of an express-session cookie. */
const SAMPLES = [
  `eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIwIn0.${'r'.repeat(85)}A`,
  `eyJhbGciOiJFUzI1NiJ9.eyJqdGkiOiIwIn0.${'s'.repeat(85)}A`,
  'Zx3Y1bKqV7nT5cR9wE2uJ8hG4fD6sA0p',
];

/** @throws TypeError if the `storeKey` option is none that can be used */
export function resolveStoreKey(given: unknown): StoreKey {
  if (given === undefined) return digestOf;
  if (typeof given !== 'function') throw new TypeError('storeKey option must be a function');
  const make = given as (text: string) => unknown;
  const storeKey: StoreKey = (text) => {
    const key = make(text);
    if (typeof key !== 'string' || key.length < MIN_LENGTH) {
      throw new TypeError(
        'storeKey option must return a string of 128 bits or more, as the first 32 hexadecimal characters of a SHA-256 are',
      );
    }
    // Who reads the store must not find in it what opens the session.
    if (key.includes(text.slice(text.lastIndexOf('.') + 1))) {
      throw new TypeError('storeKey option must return a digest, not the token or its signature');
    }
    return key;
  };
  const keys = SAMPLES.map(storeKey);
  if (SAMPLES.some((sample, at) => storeKey(sample) !== keys[at])) {
    throw new TypeError('storeKey option must return the same string for the same token');
  }
  if (new Set(keys).size < keys.length) {
    throw new TypeError('storeKey option must return another string for another token, signature included');
  }
  return storeKey;
}
