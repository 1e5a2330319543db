// Collects what DEBUG prints.
import { format, stripVTControlCharacters } from 'node:util';
import debug from 'debug';

/** The debug lines printed under exactly the namespace `express-session` while `run` is at work. */
export async function debugLines(run: () => unknown): Promise<string[]> {
  const lines: string[] = [];
  const log = debug.log;
  const enabled = debug.disable();
  debug.log = (...args: unknown[]) => {
    const line = stripVTControlCharacters(format(...args));
    lines.push(line.slice(line.indexOf('express-session ') + 'express-session '.length));
  };
  debug.enable('express-session');
  try {
    await run();
  } finally {
    debug.log = log;
    debug.enable(enabled);
  }
  return lines;
}
