/** Tells the client to forget a cookie that opens no session any more (the `clearCookie` option). */
import { debug } from '../diagnostics';
import { isSecure } from '../http/secure-connection';
import { addSetCookie } from '../http/transports';
import { type Cookie, settingsOf } from '../session/cookie';
import { stringifyCookie } from '../session/serialize-cookie';
import type { RequestContext } from './context';
import { createCookie } from './generate';

const LONG_AGO = new Date(0);

/**
 * Expires the cookie, if it opens nothing any more. It has to have the attributes that it was set with: to a browser, other
 * attributes mean another cookie (RFC 6265, section 5.3).
 */
export function expireCookie(context: RequestContext): void {
  const { config, carrier, req, res, opened } = context;
  if (!config.clearCookie || !carrier.isCookie || !isOfNoUse(context)) return;
  try {
    const settings =
      opened.origin === 'loaded' ? opened.before.cookie : settingsOf(createCookie(config, req));
    // Browsers let no response on a plain connection change a secure cookie.
    if (settings.secure && !isSecure(req, config.proxy)) return;
    const attributes = { ...settings, expires: LONG_AGO } as Cookie['data'];
    addSetCookie(res, stringifyCookie(config.name, '', attributes));
  } catch (error) {
    context.reportLate(error);
    return;
  }
  debug('expiring the cookie %s', config.name);
}

/** Whether the cookie that came was good by its signature, but its session was not found, or has been destroyed since. */
function isOfNoUse({ hasCredential, opened, config, req }: RequestContext): boolean {
  if (opened.origin !== 'loaded') return hasCredential && opened.origin === 'new';
  const session: unknown = req.session;
  return opened.live?.ended !== undefined || (!session && config.unset === 'destroy');
}
