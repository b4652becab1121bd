/** `npm run bench [-- NAME [options]]`: figures beside a baseline of the same run. A bench that cannot run fails. */
import { benchBundles } from './bundles.ts';
import { benchCounters } from './counters.ts';
import { benchData } from './data/run.ts';
import { benchDoors } from './doors.ts';
import { benchLogin } from './login.ts';
import { benchPublications } from './publications.ts';
import { benchRequests } from './requests.ts';
import { say } from './table.ts';

const benches: Readonly<Record<string, (options: readonly string[]) => Promise<void>>> = {
  requests: benchRequests,
  publications: benchPublications,
  bundles: benchBundles,
  doors: benchDoors,
  counters: benchCounters,
  login: benchLogin,
  data: benchData,
};

const [name, ...options] = process.argv.slice(2);
/** Only when it is asked for: it takes a quarter of an hour. */
const seldom = 'data';
const chosen = Object.entries(benches).filter(([known]) => (name === undefined ? known !== seldom : known === name));
if (chosen.length === 0) {
  process.stderr.write(`there is no bench ${name}; there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(1);
}
let broken = 0;
for (const [known, bench] of chosen) {
  const began = performance.now();
  try {
    await bench(options);
    say(`(${known}: ${Math.round((performance.now() - began) / 1000)} s)`);
  } catch (error) {
    broken += 1;
    process.stderr.write(`${known} could not run: ${error instanceof Error ? error.stack : String(error)}\n`);
  }
}
process.exit(broken === 0 ? 0 : 1);
