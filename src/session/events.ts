/** Tells subscribers of `node:diagnostics_channel` what happens to sessions. While nobody subscribes, no message is made. */
import { createHash } from 'node:crypto';
import diagnostics = require('node:diagnostics_channel');
import type { DestroyedEvent, ErrorCallback, Request, SessionEvents } from '../types';

export type EventName = keyof SessionEvents;

/**
 * Held here, because Node forgets a channel that nobody holds. Whoever makes a message asks first whether its channel
 * `hasSubscribers`.
 */
export const channels = {
  created: channelOf('created'),
  loaded: channelOf('loaded'),
  rotated: channelOf('rotated'),
  refreshed: channelOf('refreshed'),
  upgraded: channelOf('upgraded'),
  destroyed: channelOf('destroyed'),
  refused: channelOf('refused'),
  dropped: channelOf('dropped'),
  'store-error': channelOf('store-error'),
};

function channelOf(name: EventName): diagnostics.Channel {
  return diagnostics.channel(`express-session-jwt:${name}`);
}

/** The members of a message. Its request is given apart. */
type Fields<Name extends EventName> = Omit<SessionEvents[Name], 'req' | 'error'>;

/**
 * Publishes a message about a request. What a subscriber throws does not come here: Node makes it an uncaught exception in
 * the next tick.
 *
 * @param req undefined: it is not known which one
 */
export function tell<Name extends EventName>(
  name: Name,
  fields: Fields<Name>,
  req: Request | undefined,
): void {
  channels[name].publish(new SessionEvent(fields, req));
}

/** The request is no own member, so that who logs whole messages does not log cookies. */
class SessionEvent {
  readonly #req: Request | undefined;

  constructor(fields: object, req: Request | undefined) {
    Object.assign(this, fields);
    this.#req = req;
  }

  get req(): Request | undefined {
    return this.#req;
  }
}

/**
 * The name of a session in messages. It is a hash of the id, and not the id or a part of it, because an id that express-session
 * has made is what its cookie consists of.
 */
export function nameOf(id: string): string {
  return createHash('sha256').update(`event:${id}`).digest('base64url').slice(0, 16);
}

/** Who destroys a session. */
interface Actor {
  readonly req: Request;
  readonly subject: string | undefined;
}

/**
 * The callback of a `destroy`, which tells of it as soon as the store has answered.
 *
 * @param actor undefined: not known
 */
export function tellingOfDestroy(
  id: string,
  cause: DestroyedEvent['cause'],
  actor: Actor | undefined,
  done: ErrorCallback,
): ErrorCallback {
  return (error) => {
    if (!error && channels.destroyed.hasSubscribers) {
      tell('destroyed', { session: nameOf(id), cause, subject: actor?.subject }, actor?.req);
    }
    done(error);
  };
}
