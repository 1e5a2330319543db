/** Says which keys there are, and which one signs. */
import type { Config } from '../options/options';
import type { Findings } from './findings';

/** Never throws. */
export function checkKeys({ tokens, provideTokens }: Config, findings: Findings): void {
  if (!tokens) {
    if (provideTokens)
      findings.add('keys', 'skipped', 'a function gives the keys of each request: none here');
    else findings.add('keys', 'failed', 'there are no keys: every request is answered with an error');
    return;
  }
  const { publicKeys, canIssue } = tokens;
  const sentences = publicKeys.map(({ kid, key }, index) => {
    const use = index === 0 && canIssue ? 'signs and verifies' : 'verifies';
    return `${kid} (${curveOf(key)}) ${use}`;
  });
  if (!canIssue) sentences.push('none signs: this service verifies tokens, and issues none');
  const isCurrent = publicKeys.every(({ key }) => curveOf(key) === 'P-256');
  if (!isCurrent) sentences.push('ES256 means P-256: other verifiers refuse tokens of a key on secp256k1');
  findings.add('keys', isCurrent ? 'ok' : 'note', sentences.join('; '));
}

function curveOf(key: { asymmetricKeyDetails?: { namedCurve?: string } }): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  return curve === 'prime256v1' ? 'P-256' : String(curve);
}
