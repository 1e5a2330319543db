/** What can go wrong with a call of the store. */
import { type Call, isMutating } from './store';

/** Something that can happen next. */
export interface Choice {
  readonly label: string;
  readonly process: number;
  readonly isFault?: boolean;
  readonly apply: () => void;
}

/** What a fault is made of. */
export interface Happenings {
  /** All of the call's effect. */
  readonly finish: () => void;
  /** The call is answered with an error. */
  readonly fail: () => void;
  /** The process ends. */
  readonly die: () => void;
  /** The call never reaches the store. */
  readonly forget: () => void;
  /** The time that the package gives the call is over; undefined where it gives any. */
  readonly expire: (() => void) | undefined;
  readonly mayBeLate: boolean;
}

/** A call that has had its effect has nothing left that could go wrong, but that its process dies. */
export function faultsOf(call: Call, { finish, fail, die, forget, expire, mayBeLate }: Happenings): Choice[] {
  if (call.phase === 'done' || call.isLate) return [];
  const choices: Choice[] = [];
  const add = (what: string, ...happenings: (() => void)[]): void => {
    const apply = (): void => {
      for (const happen of happenings) happen();
    };
    choices.push({ label: `${labelOf(call)} ${what}`, process: call.process, isFault: true, apply });
  };
  add('fails without effect', fail);
  if (expire) add('is never answered', forget, expire);
  if (!isMutating(call)) return choices;
  add('takes effect, and fails', finish, fail);
  add('takes effect, and the process dies', finish, die);
  const linger = (): void => {
    call.isLate = true;
  };
  if (expire && mayBeLate) add('takes too long', linger, expire);
  return choices;
}

export function labelOf({ process, method, id, tag, request }: Call): string {
  const who = request === undefined ? '' : ` (${String(request)})`;
  return `P${String(process)}${who} ${method} ${id.slice(0, 6)}${tag === undefined ? '' : ` if ${String(tag)}`}`;
}
