import { createFork } from './fork.mjs';

/** As its README makes the keys. */
export const subject = createFork('fork-secp256k1', 'secp256k1');
