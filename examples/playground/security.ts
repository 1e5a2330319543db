/** What browsers may do with these pages, and who may send forms here. */
import type { NextFunction, Request, Response } from 'express';

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

export function securityHeaders(_req: Request, res: Response, next: NextFunction): void {
  res.set({
    'Content-Security-Policy': policy,
    'Cache-Control': 'no-store',
    'Referrer-Policy': 'same-origin',
    'X-Content-Type-Options': 'nosniff',
  });
  next();
}

/**
 * Lets a request change something only if it was sent by a page of this very site. With SameSite=Lax a foreign page's
 * POST carries no session anyway; this also keeps such a page from signing the visitor in as somebody.
 */
export function sameOriginOnly(req: Request, res: Response, next: NextFunction): void {
  if (req.method === 'GET' || req.method === 'HEAD' || isSameOrigin(req)) next();
  else res.status(403).type('text').send('This form was not sent from a page of this site.\n');
}

function isSameOrigin(req: Request): boolean {
  const { origin, host } = req.headers;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === host;
}
