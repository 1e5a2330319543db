import { type Cookie, isSecure, settingsOf } from '../session/cookie';
import { debug } from '../diagnostics';
import { createCookie } from './generate';
import type { RequestState } from './request-state';
import { stringifyCookie } from '../http/set-cookie';
import { addSetCookie } from '../http/transports';

const LONG_AGO = new Date(0);

/**
 * Tells the client to forget a cookie that leads to no session any more, with the attributes that it was set with: others
 * would be those of another cookie (RFC 6265, section 5.3).
 */
export function expireCookie(state: RequestState): void {
  const { config, carrier, req, res, origin, before } = state;
  if (!carrier.isCookie || !leadsNowhere(state)) return;
  try {
    const settings = origin === 'new' ? settingsOf(createCookie(config, req)) : before.cookie;
    // On a plain connection browsers let nobody touch a cookie that is for secure ones.
    if (settings.secure && !isSecure(req, config.proxy)) return;
    const line = stringifyCookie(config.name, '', { ...settings, expires: LONG_AGO } as Cookie['data']);
    state.takeBack = addSetCookie(res, line);
  } catch (error) {
    state.reportLate(error);
    return;
  }
  debug('expiring the cookie %s', config.name);
}

/** Whether the cookie that came is good, but its session was never found, or is destroyed now. */
function leadsNowhere(state: RequestState): boolean {
  const { origin, hasCredential, identity, config, req } = state;
  if (origin === 'new') return hasCredential;
  const session: unknown = req.session;
  return identity.liveness?.destroyed === true || (!session && config.unset === 'destroy');
}
