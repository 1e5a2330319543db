/** Makes room for an error page where a response had begun to be made. */
import type { ServerResponse } from 'node:http';
import { isHttp2Response } from './response-kind';

/**
 * Headers that say something of the body, how long it may be kept, or where to go instead (RFC 9110, sections 8, 10.2.2 and
 * 14; RFC 9111, section 5; RFC 6266).
 */
const ABOUT_THE_BODY = [
  ...['Content-Type', 'Content-Encoding', 'Content-Language', 'Content-Length', 'Content-Location'],
  ...['Content-Disposition', 'Content-Range', 'Accept-Ranges', 'Digest', 'Content-Digest', 'Repr-Digest'],
  ...['ETag', 'Last-Modified', 'Cache-Control', 'Expires', 'Age', 'Location', 'Refresh'],
  ...['Transfer-Encoding', 'Trailer'],
];

/** Makes room for an error page: the status is that of an error, and nothing is said of a body that is not sent. */
export function abandonBody(res: ServerResponse): void {
  // Node takes a removal for a wish, even of a header that is not there: then it leaves its own Content-Length out.
  for (const name of ABOUT_THE_BODY) if (res.hasHeader(name)) res.removeHeader(name);
  res.statusCode = 500;
  // HTTP/2 has none, and warns who assigns it.
  if (!isHttp2Response(res)) res.statusMessage = '';
}
