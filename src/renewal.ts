import { isSecure } from './session/cookie';
import { debug } from './diagnostics';
import type { Source } from './request/open';
import { endReplaced, replaceToken, type Step } from './replacement';
import type { Token } from './token/token';

/** The token under which the session is from now on; the one that it had; or none any more. */
type Renewed = Token | 'kept' | 'gone';

/**
 * With a session that was found, before its request goes on: replaces its token if that is old, and else sees to it that
 * those which it replaces end. What fails is left to the next request; the token is as good as it was.
 *
 * @param isOwn whether the request itself carries the token
 */
export function renewToken(
  source: Source,
  token: Token,
  way: readonly Step[],
  isOwn: boolean,
  callback: (renewed: Renewed) => void,
): void {
  if (token.dueAt <= Date.now() && canSend(source)) {
    answer(
      replaceToken(source, token, way),
      source,
      callback,
      (text) => source.tokens.verify(text) ?? 'gone',
    );
  } else if (isOwn && !token.hasRetiredOthers && token.payload.replaces !== undefined) {
    token.hasRetiredOthers = true;
    const { storage, config } = source;
    answer(
      endReplaced(storage, token, config.rules.grace).catch((error: unknown) => {
        token.hasRetiredOthers = false;
        throw error;
      }),
      source,
      callback,
      () => 'kept',
    );
  } else callback('kept');
}

/** A secure cookie does not go out on an insecure connection (B079). */
function canSend({ req, config, carrier }: Source): boolean {
  return !carrier.isCookie || !req.session.cookie.secure || isSecure(req, config.proxy);
}

/** Out of the promise's chain, where an error thrown by the callback would be an unhandled rejection. */
function answer<Result>(
  promise: Promise<Result>,
  { config }: Source,
  callback: (renewed: Renewed) => void,
  toRenewed: (result: Result) => Renewed,
): void {
  promise.then(
    (result) => {
      setImmediate(callback, toRenewed(result));
    },
    (error: unknown) => {
      debug('token not replaced: %s', (error as Error | undefined)?.name);
      config.warnings.failedReplacement();
      setImmediate(callback, 'kept');
    },
  );
}
