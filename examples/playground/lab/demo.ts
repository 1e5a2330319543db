/** What a demonstration is, and how one is run: the same steps on both sides, and what was seen there. */
import type { Content, Html } from '../html';
import type { Word } from '../words';
import { sides, type Side } from './sides';
import { Lab } from './site';

/** One step, as it was observed. */
export interface Step {
  who: string;
  what: Content;
  /** What came of it. */
  got?: Content;
  /** Whether that is what the user of the site would wish. */
  mood?: 'good' | 'bad';
  details?: { label: string; value: unknown }[];
}

/** What one side did. The verdict is worked out from the steps: nothing here is known before the run. */
export interface Finding {
  steps: Step[];
  verdict: string;
  good: boolean;
  /** Why it came out so. */
  why?: Html;
}

export type Findings = Record<Side, Finding>;

export interface Demo {
  /** The last part of its address. */
  name: string;
  title: string;
  /** What happens in life, in one sentence. */
  life: string;
  /** The source file whose marked lines are shown. */
  file: string;
  /** Whether those lines show how the two sides are set up. */
  hasOwnSetup?: true;
  words: readonly Word[];
  /** Pages of the documentation. */
  links: readonly (readonly [address: string, text: string])[];
  run(lab: Lab): Promise<Findings>;
}

/** Runs the same steps with each of the two packages. */
export function onBothSides(scenario: (side: Side, lab: Lab) => Promise<Finding>): Demo['run'] {
  return async (lab) => {
    const [before, after] = await Promise.all(sides.map((side) => scenario(side, lab)));
    if (!before || !after) throw new Error('there are two sides');
    return { 'express-session': before, 'express-session-jwt': after };
  };
}

export async function runDemo(demo: Demo): Promise<Findings> {
  const lab = new Lab();
  try {
    return await demo.run(lab);
  } finally {
    lab.close();
  }
}
