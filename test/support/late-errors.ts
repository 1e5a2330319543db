// Waits for the errors that a site passes on after its answer.
import { type Site, turn } from './site';

/**
 * Messages of the errors that came after the handler. They are passed on in a later turn of the event loop (B129), which
 * may come after the client has its response.
 */
export async function lateErrors(site: Pick<Site, 'lateErrors'>): Promise<string[]> {
  return (await lateOnes(site)).map((error) => error.message);
}

/** As `lateErrors`, but their codes. */
export async function lateCodes(site: Pick<Site, 'lateErrors'>): Promise<unknown[]> {
  return (await lateOnes(site)).map((error) => (error as { code?: unknown }).code);
}

async function lateOnes(site: Pick<Site, 'lateErrors'>): Promise<Error[]> {
  for (let turns = 0; turns < 4; turns++) await turn();
  return site.lateErrors;
}
