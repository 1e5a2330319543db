import { createFork } from './fork.mjs';

/** With the curve that ES256 means. */
export const subject = createFork('fork-p256', 'prime256v1');
