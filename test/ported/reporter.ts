/** The dots of mocha, and as last line how many tests of the two suites ran and passed as they were meant there. */
import Mocha from 'mocha';
import { differingNumbers } from './differences';
import { forkNumbers, numbersIn, originalNumbers } from './titles';

class PortedReporter extends Mocha.reporters.Dot {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const passed = new Set<string>();
    runner.on('pass', (test) => {
      for (const number of numbersIn(test.title)) passed.add(number);
    });
    runner.once('end', () => {
      const held = (numbers: readonly string[]) =>
        numbers.filter((number) => passed.has(number) && !differingNumbers.has(number)).length;
      const differing = [...differingNumbers].filter((number) => passed.has(number));
      console.log(
        `ported: ${String(held(originalNumbers))} of ${String(originalNumbers.length)}, ` +
          `${String(held(forkNumbers))} of ${String(forkNumbers.length)}, ` +
          `differences: ${differing.join(' ') || 'none'}`,
      );
    });
  }
}

export = PortedReporter;
