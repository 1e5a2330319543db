/** Runs a hold, and lets the first of its answers count. */
import type { Hold } from './held-response';

/** Whose hold it is. */
export interface HoldOwner {
  /** Whether no answer matters any more. */
  isOver(): boolean;
  send(settle: (() => void) | undefined, isInTurn: boolean): void;
  discard(): boolean;
  destroy(error?: Error): void;
}

/** @returns how the hold was answered, if it was in its turn */
export function beginHold(hold: Hold, owner: HoldOwner): 'sent' | 'dropped' | undefined {
  let isInTurn = true;
  let answer: 'sent' | 'dropped' | undefined;
  const isFirst = (given: 'sent' | 'dropped'): boolean => {
    if (answer || owner.isOver()) return false;
    answer = given;
    return true;
  };
  hold({
    send: (settle) => {
      if (isFirst('sent')) owner.send(settle, isInTurn);
    },
    discard: () => isFirst('dropped') && owner.discard(),
    destroy: (error) => {
      if (isFirst('dropped')) owner.destroy(error);
    },
  });
  isInTurn = false;
  return answer;
}
