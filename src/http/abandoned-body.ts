/** Removes from a response what was set for a body that is not sent. */
import type { ServerResponse } from 'node:http';
import { isHttp2Response } from './response-kind';

/**
 * Headers about the body, how long it may be cached, or where to go instead (RFC 9110, sections 8, 10.2.2 and 14; RFC 9111,
 * section 5; RFC 6266).
 */
const ABOUT_THE_BODY = [
  ...['Content-Type', 'Content-Encoding', 'Content-Language', 'Content-Length', 'Content-Location'],
  ...['Content-Disposition', 'Content-Range', 'Accept-Ranges', 'Digest', 'Content-Digest', 'Repr-Digest'],
  ...['ETag', 'Last-Modified', 'Cache-Control', 'Expires', 'Age', 'Location', 'Refresh'],
  ...['Transfer-Encoding', 'Trailer'],
];

/** Prepares a response for an error page: sets the status 500 and removes all headers about the old body. */
export function abandonBody(res: ServerResponse): void {
  // If a header is removed, even one that is not there, Node does not add it by itself: Content-Length would be missing.
  for (const name of ABOUT_THE_BODY) if (res.hasHeader(name)) res.removeHeader(name);
  res.statusCode = 500;
  // HTTP/2 has no status message. Assigning one makes Node warn.
  if (!isHttp2Response(res)) res.statusMessage = '';
}
