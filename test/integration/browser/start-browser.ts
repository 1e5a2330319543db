// Starts a Chromium where there is one.
import fs from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { skipWithout } from '../../support/database-server';

const executablePath = '/usr/bin/chromium';

/** Chromium without a window; the test is skipped where there is none. */
export async function startBrowser(test: Mocha.Context): Promise<Browser> {
  if (!fs.existsSync(executablePath)) skipWithout(test, `no ${executablePath}: apt-get install chromium`);
  return await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
