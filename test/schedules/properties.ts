/** What must hold in every schedule. Each property is a function that tells what is wrong with a run; nothing: it holds. */
import { CHANGING, ENDING, ROTATING, SIGNING_IN } from './app';
import type { Credential } from './browser';
import { isOpen, isOpenEverywhere, isSignedIn, secretsIn } from './looker';
import { payloadOf } from './names';
import { legacyIdIn, sessionOf } from './scenario';
import { cookieAfter, nameOf, type Request } from './request';
import type { World } from './world';

/** Shows what this cookie opens now, in each kind of process: the session as JSON text. */
export type Look = (credential: Credential) => Promise<readonly string[]>;

export type Property = (world: World, look: Look) => string | undefined | Promise<string | undefined>;

const isAnswered = ({ state }: Request): boolean => state === 'answered';
const isGood = (request: Request): boolean =>
  isAnswered(request) && !request.hasFailed && (request.exchange?.answer.status ?? 0) < 400;
const hasCookie = ({ exchange }: Request): boolean => exchange?.answer.cookie !== undefined;
const movesOrEnds = ({ op }: Request): boolean => ENDING.includes(op) || ROTATING.includes(op);
/** A `regenerate` ends the session that its cookie is for, whoever has signed in there meanwhile. */
const endsOthers = ({ op }: Request): boolean => ENDING.includes(op) || op === 'regenerate';
const isEnding = ({ op }: Request): boolean => ENDING.includes(op);

/** Every cookie that somebody holds. */
export function credentialsOf({ beginning, requests }: World): Credential[] {
  const given = requests.filter((one) => isAnswered(one) && hasCookie(one)).map(cookieAfter);
  return [beginning.credential, ...given.filter((one) => one !== undefined)];
}

/** Which session a cookie is for. */
function keyOf(credential: Credential, { beginning, requests }: World): string {
  const { value } = credential;
  const isSilent = legacyIdIn(value) === undefined && payloadOf(value)?.ses === undefined;
  const login = credential.lineage.find((index) => SIGNING_IN.includes(requests[index]?.op ?? 'read'));
  return isSilent && login !== undefined ? `login ${String(login)}` : sessionOf(credential, beginning);
}

/** No token of a session opens anything once a logout of it was answered. */
export const deadAfterLogout: Property = async (world, look) => {
  for (const request of world.requests.filter((one) => isGood(one) && isEnding(one))) {
    const own = request.op === 'raw' ? world.beginning.credential : request.credential;
    // Without a session there is no id to give to `req.sessionStore`.
    if (!own || (request.op === 'destroy' && !request.foundSession)) continue;
    for (const credential of credentialsOf(world)) {
      if (keyOf(credential, world) !== keyOf(own, world)) continue;
      if (isOpen(await look(credential)))
        return `after ${nameOf(request)}: ${from(credential)} opens the session`;
    }
  }
  return undefined;
};

/** Nobody who did not log out lost the session: the cookie that came last works. */
export const keptByOwner: Property = async (world, look) => {
  const { requests, beginning } = world;
  if (requests.some(isEnding)) return undefined;
  const own = requests.filter(({ actor }) => actor.who === 'browser');
  const rotating = own.filter(({ op }) => ROTATING.includes(op));
  // Where the answer of a rotation is lost, the user signs in once more.
  if (
    !rotating.every(isAnswered) ||
    requests.some((one) => one.actor.who !== 'browser' && ROTATING.includes(one.op))
  )
    return undefined;
  // It destroys before it stores: what fails in between, or after, leaves nothing, and its answer says so.
  if (own.some((one) => one.op === 'regenerate' && (!isGood(one) || one.exchange?.answer.late.length)))
    return undefined;
  const cookies = own.filter(hasCookie);
  const delivered = cookies.filter((one) => rotating.includes(one));
  for (const last of cookies) {
    if (delivered.some((one) => one !== last && isEarlier(last, one, world))) continue;
    const credential = cookieAfter(last);
    if (credential && !isOpenEverywhere(await look(credential)))
      return `the cookie of ${nameOf(last)} came last, and opens nothing`;
  }
  if (delivered.length === 0 && !isOpenEverywhere(await look(beginning.credential)))
    return 'nobody was given another cookie, and the first one opens nothing';
  return undefined;
};

/**
 * Whether the answer of `first` comes before that of `second`, a rotation. No server can help it when an answer that had
 * left by then is overtaken on its way. So what has left, or was looked at once more, or was stored before the rotation was
 * stored counts as earlier. A store without compareAndSet tells a process of a rotation when it answers: what has left by
 * then counts as earlier there.
 */
function isEarlier(first: Request, second: Request, { monitor, scenario }: World): boolean {
  for (let one = second.before; one; one = one.before) if (one === first) return true;
  const [answer, stored] = [`answer ${String(first.index)}`, `stored ${String(second.index)}`];
  if (monitor.isBefore(answer, stored) || monitor.hasLookedBefore(first.index, stored)) return true;
  if (ROTATING.includes(first.op)) return false;
  if (monitor.isBefore(`stored ${String(first.index)}`, stored)) return true;
  return (
    scenario.store.conditional !== 'compareAndSet' &&
    monitor.isBefore(answer, `answer ${String(second.index)}`)
  );
}

/** Who signs in is signed in, whatever other answers were lost, and whoever logs out at the right moment. */
export const signedInByLogin: Property = async (world, look) => {
  const { requests, beginning, monitor } = world;
  // Who was signed in before has a session to lose, and may have lost it to another request.
  if (world.scenario.user !== 'nobody') return undefined;
  for (const request of requests) {
    if (!SIGNING_IN.includes(request.op) || request.before || !isGood(request)) continue;
    if (request.exchange?.answer.late.length) continue;
    const gone = monitor.order.findIndex((one) => one.startsWith('gone'));
    const stored = monitor.order.indexOf(`stored ${String(request.index)}`);
    if (
      requests.some((one) => one !== request && endsOthers(one)) &&
      !(gone >= 0 && (stored < 0 || gone < stored))
    )
      continue;
    if (requests.some((one) => one.before === request)) continue;
    const credential = cookieAfter(request) ?? beginning.credential;
    if (!isSignedIn(await look(credential)))
      return `${nameOf(request)} was answered, and the user is not signed in`;
  }
  return undefined;
};

/** Only who has signed in reads the login's data, or is given a token that does. */
export const loginIsPrivate: Property = async (world, look) => {
  for (const request of world.requests.filter(isAnswered)) {
    const mayRead = [...(request.credential?.lineage ?? []), request.index];
    const stolen = secretsIn(request.exchange?.answer.body ?? '').find((one) => !mayRead.includes(one));
    if (stolen !== undefined) return `${nameOf(request)} reads the data of login ${String(stolen)}`;
  }
  for (const credential of credentialsOf(world)) {
    const stolen = secretsIn((await look(credential)).join('\n')).find(
      (one) => !credential.lineage.includes(one),
    );
    if (stolen !== undefined) return `${from(credential)} reads the data of login ${String(stolen)}`;
  }
  return undefined;
};

/** A change that was answered is in the record, or the session was destroyed or rotated meanwhile and `save()` said so. */
export const changesAreKept: Property = ({ requests, monitor, scenario, hadFault, store }) => {
  for (const request of requests) {
    const { op, index, exchange, saved } = request;
    if (!CHANGING.includes(op) || !isGood(request) || exchange?.answer.late.length || !request.foundSession)
      continue;
    const isThere = [...store.records.values()].some(({ text }) => text.includes(`"m${String(index)}":`));
    if (isThere) continue;
    const fate = monitor.fates.get(index);
    const isEnded = requests.some((one) => one !== request && movesOrEnds(one));
    if (fate === 'destroyed' || fate === 'replaced') continue;
    if (fate === 'overwritten' && !scenario.merge) continue;
    // After a fault somebody else's change may have been told as failed, and be there.
    if (fate === undefined && isEnded && saved !== true) continue;
    return `${nameOf(request)} was answered, and its change is ${fate ?? 'not stored'}${hadFault ? ' (after a fault)' : ''}`;
  }
  return undefined;
};

/** No request hangs. */
export const everyRequestEnds: Property = ({ requests }) => {
  const hanging = requests.find(
    ({ state, before }) => state === 'running' || (state === 'waiting' && !before),
  );
  return hanging && `${nameOf(hanging)} is never answered`;
};

/** Without a fault nobody is told of an error; but `renewToken()` may, of a session that is gone or was rotated meanwhile. */
export const noErrorWithoutFault: Property = ({ requests, hadFault }) => {
  if (hadFault) return undefined;
  const failed = requests.find((one) => {
    const answer = one.exchange?.answer;
    if (one.op === 'renew' && requests.some((other) => other !== one && movesOrEnds(other))) return false;
    return isAnswered(one) && (!isGood(one) || answer?.isBroken || answer?.late.length);
  });
  return (
    failed &&
    `${nameOf(failed)}: ${String(failed.exchange?.answer.status)} ${failed.exchange?.answer.late.join() ?? ''}`
  );
};

/** Nothing is thrown where nobody catches it. */
export const nothingThrown: Property = ({ thrown }) => (thrown.length > 0 ? String(thrown[0]) : undefined);

export const properties = {
  deadAfterLogout,
  keptByOwner,
  signedInByLogin,
  loginIsPrivate,
  changesAreKept,
  everyRequestEnds,
  noErrorWithoutFault,
  nothingThrown,
};

export type PropertyName = keyof typeof properties;

function from({ lineage }: Credential): string {
  const last = lineage.at(-1);
  return last === undefined ? 'the first cookie' : `the cookie of request ${String(last)}`;
}
