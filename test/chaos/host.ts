/** The local host as the process that is killed. Schedules fire by control call; the platforms are those of the judge. */
import { startHost } from '../../infra/local/host.ts';
import { hostSettings } from './settings.ts';

const settings = hostSettings.parse(JSON.parse(process.argv[2] ?? ''));
// As in `npm start`: what nobody caught ends no process.
process.on('unhandledRejection', (reason) => console.error('nobody caught', reason));
process.on('uncaughtException', (error) => console.error('nobody caught', error));
const host = await startHost({
  ...settings,
  source: 'source',
  control: true,
  clock: false,
  captureConsole: true,
});
const limits = { method: 'POST', body: JSON.stringify({ maxRequests: 1_000_000_000 }) }; // one person makes all of the load
await fetch(`${host.controlOrigin}/limits`, limits);
process.stdout.write(
  `ready ${JSON.stringify({ origin: host.origin, control: host.controlOrigin, database: host.databaseLocation })}\n`,
);
