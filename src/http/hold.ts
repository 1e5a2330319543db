/** Runs a hold. Only the first of its answers counts. */
import type { HeldResponse, Hold } from './held-response';

/** The response that a hold answers for. */
export interface HoldOwner {
  /** Whether the response is Node's own by now, so that no answer counts. */
  isOver(): boolean;
  send(settle: (() => void) | undefined, isInTurn: boolean): void;
  discard(): boolean;
  destroy(error?: Error): void;
}

type Answer = 'sent' | 'dropped';

/** @returns how the hold was answered. Undefined: it has not answered yet */
export function beginHold(hold: Hold, owner: HoldOwner): Answer | undefined {
  const held = new Held(owner);
  hold(held);
  held.isInTurn = false;
  return held.answer;
}

class Held implements HeldResponse {
  isInTurn = true;
  answer: Answer | undefined;
  readonly #owner: HoldOwner;

  constructor(owner: HoldOwner) {
    this.#owner = owner;
  }

  send(settle?: () => void): void {
    if (this.#isFirst('sent')) this.#owner.send(settle, this.isInTurn);
  }

  discard(): boolean {
    return this.#isFirst('dropped') && this.#owner.discard();
  }

  destroy(error?: Error): void {
    if (this.#isFirst('dropped')) this.#owner.destroy(error);
  }

  #isFirst(answer: Answer): boolean {
    if (this.answer || this.#owner.isOver()) return false;
    this.answer = answer;
    return true;
  }
}
