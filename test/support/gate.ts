// Lets tests wait for each other's steps, without clocks.

/** A place where a handler waits until the test opens it. */
export interface Gate {
  /** Resolves once somebody waits at the gate. */
  reached: Promise<void>;
  open: () => void;
  pass: () => Promise<void>;
}

export function gate(): Gate {
  let arrive = (): void => undefined;
  let open = (): void => undefined;
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  const pass = () => {
    arrive();
    return opened;
  };
  return { reached, open, pass };
}

/** One turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Whether a promise is still unsettled after a few turns of the event loop. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turns = 0; turns < 5; turns++) await turn();
  return !settled;
}
