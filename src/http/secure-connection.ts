/** Says whether a request came over a secure connection. */
import type { Request } from '../types';

interface Connection {
  readonly encrypted?: boolean;
}

/**
 * Whether TLS ends here or at a trusted proxy.
 *
 * @param proxy true: believe X-Forwarded-Proto; false: never; undefined: believe Express's `req.secure`
 */
export function isSecure(req: Request, proxy: boolean | undefined): boolean {
  // A request that is not Node's may lack one or both. Some middlewares set `connection` to say that there is TLS.
  const { connection, socket } = req as { connection?: Connection | null; socket?: Connection | null };
  if ((connection ?? socket)?.encrypted) return true;
  if (proxy === false) return false;
  if (proxy !== true) return (req.secure as boolean | undefined) === true;
  const [first = ''] = String(req.headers['x-forwarded-proto'] ?? '').split(',');
  return first.trim().toLowerCase() === 'https';
}
