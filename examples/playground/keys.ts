/** The key pair of this site, kept in files. */
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export interface KeyMaterial {
  keys: { public: string; private: string };
}

/** The keys of this directory; those that are missing are made, readable for the owner alone. */
export function loadKeys(directory: string): KeyMaterial {
  fs.mkdirSync(directory, { recursive: true, mode: 0o700 });
  const privateKey = readOrCreate(path.join(directory, 'private.pem'), createPrivateKey);
  const publicKey = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
  return { keys: { public: publicKey, private: privateKey } };
}

function createPrivateKey(): string {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function readOrCreate(file: string, create: () => string): string {
  try {
    // "wx" fails where the file exists: a key is never overwritten, also not by a second start at the same moment.
    fs.writeFileSync(file, create(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return fs.readFileSync(file, 'utf8');
}
