// Key pairs, made anew for each run.
import { generateKeyPairSync } from 'node:crypto';

export interface KeyPair {
  public: string;
  private: string;
}

/** A pair as `openssl ecparam -genkey` prints it: SEC1 private PEM, SPKI public PEM. */
export function createKeyPair(namedCurve = 'prime256v1', type: 'sec1' | 'pkcs8' = 'sec1'): KeyPair {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    public: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    private: privateKey.export({ type, format: 'pem' }).toString(),
  };
}

export const keys = createKeyPair();
export const otherKeys = createKeyPair('prime256v1', 'pkcs8');
export const secp256k1Keys = createKeyPair('secp256k1');
