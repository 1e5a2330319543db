/* Preloaded into the processes of examples/cluster: tells what is in use after garbage collection, now and then. */
const process = require('node:process');
const { setInterval } = require('node:timers');
const v8 = require('node:v8');
const vm = require('node:vm');

if (process.env.PROCESS !== undefined) {
  v8.setFlagsFromString('--expose-gc');
  const collect = vm.runInNewContext('gc');
  const report = () => {
    collect();
    const { heapUsed, rss } = process.memoryUsage();
    process.stderr.write(`heap ${process.env.PROCESS} ${String(heapUsed)} ${String(rss)}\n`);
  };
  setInterval(report, Number(process.env.HEAP_INTERVAL)).unref();
}
