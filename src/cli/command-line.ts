/** Runs the commands of the program `express-session-jwt`. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { generateKeys } from '../keys/generate-keys';
import { checkModule } from './check';
import { inspect } from './inspect';
import { formatSecrets } from './secrets';
import { type Streams, UsageError } from './streams';
import { jwks } from '../keys/jwks';

const USAGE = `Usage: express-session-jwt <command>

  keygen                 print a new key pair (P-256) as PEM
  keygen --out <folder>  write it to private-key.pem (mode 0600) and public-key.pem there;
                         files that exist are left alone
  keygen --env           print it as an .env file, a Docker secret and a Kubernetes secret want it
  jwks <public.pem> …    print the JWK Set of these public keys
  inspect <token> [--key <public.pem>]
                         print what a session token says, and with a key whether it is valid;
                         "-" reads the token from standard input, where no shell keeps it

  check <app.js>         try keys and store of an application, whose module exports the session middleware
                         as "sessions", and say in plain words what was found

  --help                 print this text
  --version              print the version of this package

Exit codes: 0 done, for inspect with a key: valid, for check: no check has failed; 1 failed or not valid;
2 wrong usage, for check: the middleware could not be had.
`;

/**
 * Runs one command. Never throws nor rejects.
 *
 * @returns the exit code: 0, 1 (failed) or 2 (wrong usage)
 */
export function runCommand(words: readonly string[], streams: Streams): number | Promise<number> {
  try {
    const [command = '', ...rest] = words;
    if (words.includes('--help') || words.includes('-h')) {
      streams.out(USAGE);
      return 0;
    }
    if (command === '--version') {
      streams.out(`${readVersion()}\n`);
      return 0;
    }
    const run = Object.hasOwn(commands, command) ? commands[command as keyof typeof commands] : undefined;
    if (!run) {
      throw new UsageError(
        command ? `there is no command ${JSON.stringify(command)}` : 'a command is missing',
      );
    }
    const code = run(rest, streams);
    return typeof code === 'number' ? code : code.catch((error: unknown) => complain(error, streams));
  } catch (error) {
    return complain(error, streams);
  }
}

/** Prints an error without its stack trace, which would help nobody here. */
function complain(error: unknown, { err }: Streams): number {
  err(`express-session-jwt: ${(error as Error).message}\n`);
  if (!(error instanceof UsageError)) return 1;
  err('express-session-jwt --help says what there is.\n');
  return 2;
}

const commands = {
  keygen: (words: string[], { out }: Streams): number => {
    const { values } = parse(words, { out: { type: 'string' }, env: { type: 'boolean' } }, [0, 0]);
    const { out: folder, env: isForEnvironment } = values;
    if (folder !== undefined && isForEnvironment) throw new UsageError('--out and --env exclude each other');
    const keys = generateKeys();
    if (isForEnvironment) out(formatSecrets(keys));
    else if (folder === undefined) out(keys.private + keys.public);
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
    const { text, isRefused } = inspect(token, publicKey, values.key);
    out(text);
    return isRefused ? 1 : 0;
  },

  check: (words: string[], streams: Streams): Promise<number> => {
    const [file = ''] = parse(words, {}, [1, 1]).positionals;
    return checkModule(file, streams);
  },
};

/** @throws UsageError if the words are not what the command takes */
function parse<Options extends Record<string, { type: 'string' | 'boolean' }>>(
  args: string[],
  options: Options,
  [least, most]: [number, number],
) {
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals } = parsed;
  if (positionals.length < least) throw new UsageError('an argument is missing');
  if (positionals.length > most) throw new UsageError('there are too many arguments');
  return { values, positionals };
}

function readVersion(): string {
  const file = path.join(__dirname, '../../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/**
 * Writes both files or none.
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
