/** Waiting for what a database server does in its own time. */
import { setTimeout } from 'node:timers/promises';

/** After which the wait is an error, so that a test says what it waits for. In s. */
const PATIENCE = 30;
/** Between two looks. In ms. */
const PAUSE = 10;

/** Resolves once it is so. `what`: what is waited for, as the error says it. */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE * 1000;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`in ${String(PATIENCE)} s not so: ${what}`);
    await setTimeout(PAUSE);
  }
}
