/** The commands of the program `express-session-jwt`. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateKeys } from '../keys/generate-keys';
import { inspect } from './inspect';
import { jwks } from '../keys/jwks';

const USAGE = `Usage: express-session-jwt <command>

  keygen                 print a new key pair (P-256) as PEM
  keygen --out <folder>  write it to private-key.pem (mode 0600) and public-key.pem there;
                         files that exist are left alone
  jwks <public.pem> …    print the JWK Set of these public keys
  inspect <token> [--key <public.pem>]
                         print what a session token says, and with a key whether it is valid;
                         "-" reads the token from standard input, where no shell keeps it

  --help                 print this text

Exit codes: 0 done, for inspect with a key: valid; 1 failed or not valid; 2 wrong usage.
`;

/** Where a command reads from and writes to. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The whole standard input. */
  readonly input: () => string;
}

class UsageError extends Error {}

/**
 * Runs one command. Never throws.
 *
 * @returns the exit code: 0, 1 (failed) or 2 (wrong usage)
 */
export function runCommand(words: readonly string[], streams: Streams): number {
  try {
    const [command = '', ...rest] = words;
    if (words.includes('--help') || words.includes('-h')) {
      streams.out(USAGE);
      return 0;
    }
    const run = Object.hasOwn(commands, command) ? commands[command as keyof typeof commands] : undefined;
    if (!run) {
      throw new UsageError(
        command ? `there is no command ${JSON.stringify(command)}` : 'a command is missing',
      );
    }
    return run(rest, streams);
  } catch (error) {
    // A stack trace helps nobody here.
    streams.err(`express-session-jwt: ${(error as Error).message}\n`);
    if (!(error instanceof UsageError)) return 1;
    streams.err('express-session-jwt --help says what there is.\n');
    return 2;
  }
}

const commands = {
  keygen: (words: string[], { out }: Streams): number => {
    const { values } = parse(words, { out: { type: 'string' } }, [0, 0]);
    const keys = generateKeys();
    const folder = values.out;
    if (folder === undefined) out(keys.private + keys.public);
    else
      out(
        writeKeys(folder, keys)
          .map((file) => `${file}\n`)
          .join(''),
      );
    return 0;
  },

  jwks: (words: string[], { out }: Streams): number => {
    const { positionals } = parse(words, {}, [1, Infinity]);
    const pairs = positionals.map((file) => ({ public: readFileSync(file, 'utf8') }));
    out(`${JSON.stringify(jwks(pairs), null, 2)}\n`);
    return 0;
  },

  inspect: (words: string[], { out, input }: Streams): number => {
    const { values, positionals } = parse(words, { key: { type: 'string' } }, [1, 1]);
    const [word = ''] = positionals;
    const token = (word === '-' ? input() : word).trim();
    const publicKey = values.key === undefined ? undefined : readFileSync(values.key, 'utf8');
    const { text, isRefused } = inspect(token, publicKey);
    out(text);
    return isRefused ? 1 : 0;
  },
};

/** @throws UsageError if the words are not what the command takes */
function parse<Options extends Record<string, { type: 'string' }>>(
  args: string[],
  options: Options,
  [least, most]: [number, number],
): { values: { [Name in keyof Options]?: string }; positionals: string[] } {
  let parsed;
  try {
    parsed = parseArgs({ args, options: options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (positionals.length < least) throw new UsageError('an argument is missing');
  if (positionals.length > most) throw new UsageError('there are too many arguments');
  return { values: values, positionals };
}

/**
 * Both files or none.
 *
 * @throws Error if one of them exists
 */
function writeKeys(folder: string, keys: { public: string; private: string }): string[] {
  const publicFile = path.join(folder, 'public-key.pem');
  const privateFile = path.join(folder, 'private-key.pem');
  create(publicFile, keys.public, 0o644);
  try {
    create(privateFile, keys.private, 0o600);
  } catch (error) {
    unlinkSync(publicFile);
    throw error;
  }
  return [privateFile, publicFile];
}

function create(file: string, text: string, mode: number): void {
  try {
    writeFileSync(file, text, { flag: 'wx', mode });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new Error(`${file} exists and is left alone: remove it, or choose another folder`, {
      cause: error,
    });
  }
}
