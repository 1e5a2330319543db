/** Fetches a JWK Set over HTTP. */
import { SessionError } from '../errors';

/** The public keys of an issuer take some hundred bytes. */
const MAX_BYTES = 64 * 1024;

/**
 * Fetches a JWK Set (RFC 7517, section 5). Redirects are refused, because only the configured address is trusted.
 *
 * @param timeout in ms, for the whole answer
 * @returns the members of the set, not checked
 * @throws Error that says what was wrong with the answer
 */
export async function fetchKeySet(url: URL, timeout: number): Promise<unknown[]> {
  const response = await fetch(url, {
    redirect: 'error',
    signal: AbortSignal.timeout(timeout),
    headers: { accept: 'application/jwk-set+json, application/json' },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new SessionError('ERR_SESSION_REMOTE_KEYS', `the answer has status ${String(response.status)}`);
  }
  const set: unknown = JSON.parse(await readText(response));
  const keys: unknown = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys))
    throw new SessionError('ERR_SESSION_REMOTE_KEYS', 'the answer is no JWK Set: it has no array "keys"');
  return keys as unknown[];
}

async function readText({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  // An answer with status 200 always has a body, which may be empty.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    // Leaving the loop cancels the body, and so closes the connection.
    if (length > MAX_BYTES)
      throw new SessionError(
        'ERR_SESSION_REMOTE_KEYS',
        `the answer is longer than ${String(MAX_BYTES)} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
