import type { Answer, WhoAmI } from '../loopback';
import type { Step } from '../outcomes';
import { cookieName, shortDigest, shortened } from '../token';

/** A step that tells of a request to `/whoami` with this token. */
export function replayStep(
  who: Step['who'],
  what: Step['what'],
  token: string,
  answer: Answer<WhoAmI>,
): Step {
  return {
    who,
    what,
    exchange: {
      request: `GET /whoami   Cookie: ${cookieName}=${shortened(token)}   (SHA-256 ${shortDigest(token)}…)`,
      answer: told(answer),
    },
    verdict: answer.body.signedIn ? 'accepted' : 'refused',
  };
}

export function told(answer: Answer<unknown>): string {
  return `${String(answer.status)}   ${JSON.stringify(answer.body)}`;
}
